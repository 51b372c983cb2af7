/** A worker and all that it imports, as one module for workerd with `nodejs_compat`. */
import path from 'node:path'

export interface WorkerBundle {
  readonly code: string
  /** absolute paths of what went into it */
  readonly files: readonly string[]
}

/**
 * @param entry path of the worker; a `.ts` one takes the sources of this workspace, a `.js` one the built packages
 * @param alias modules to take instead of others
 * @throws the bundler's error when something imported is not there
 */
export const bundleForWorkers = async (
  entry: string,
  alias: Readonly<Record<string, string>> = {},
): Promise<WorkerBundle> => {
  const { rolldown } = await import('rolldown')
  const source = path.extname(entry) === '.ts' ? ['@rockpool/source'] : []
  const bundler = await rolldown({
    input: entry,
    platform: 'browser',
    external: [/^cloudflare:/, /^node:/],
    resolve: { alias, conditionNames: [...source, 'workerd', 'worker', 'browser', 'import', 'default'] },
    logLevel: 'silent',
  })
  const { output } = await bundler.generate({ format: 'esm', codeSplitting: false })
  await bundler.close()
  const [{ code, moduleIds }] = output
  return { code, files: moduleIds.filter((id) => path.isAbsolute(id)) }
}
