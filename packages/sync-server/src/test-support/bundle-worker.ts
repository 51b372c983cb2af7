/** A Worker and its imports as one module for workerd, from the sources of this workspace. */
import { rolldown } from 'rolldown'

/** @param entry path of the Worker's module */
export const bundleWorker = async (entry: string): Promise<string> => {
  const bundler = await rolldown({
    input: entry,
    platform: 'browser',
    external: [/^cloudflare:/, /^node:/],
    resolve: { conditionNames: ['@rockpool/source', 'workerd', 'worker', 'browser', 'import', 'default'] },
    logLevel: 'silent',
  })
  const { output } = await bundler.generate({ format: 'esm', codeSplitting: false })
  await bundler.close()
  return output[0].code
}
