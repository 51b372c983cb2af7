import { build, type ResolvedConfig, type Rolldown } from 'vite'
import type { PrecacheEntry } from './precache-manifest.ts'

export interface ServiceWorkerBundle {
  readonly code: string
  /** absolute paths of the modules in it */
  readonly sources: readonly string[]
}

/**
 * Bundles a service worker into one classic script: Firefox knows no module service workers before 147.
 * `self.__WB_MANIFEST` in its source becomes the precache manifest, as in Workbox's own tools; in dev it is empty.
 */
export const bundleServiceWorker = async (
  config: ResolvedConfig,
  entry: string,
  manifest: readonly PrecacheEntry[] = [],
): Promise<ServiceWorkerBundle> => {
  const production = config.command === 'build'
  const output = (await build({
    configFile: false,
    root: config.root,
    mode: config.mode,
    envDir: config.envDir,
    logLevel: 'warn',
    // The app's own conditions, less those that Vite adds by itself
    resolve: { alias: config.resolve.alias, conditions: config.resolve.conditions },
    define: { ...config.define, 'self.__WB_MANIFEST': JSON.stringify(manifest) },
    build: {
      write: false,
      target: config.build.target,
      minify: production && config.build.minify,
      sourcemap: production ? false : 'inline',
      copyPublicDir: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: entry,
        output: { format: 'iife', codeSplitting: false, entryFileNames: 'service-worker.js' },
      },
    },
  })) as Rolldown.RolldownOutput
  const [chunk] = output.output
  return { code: chunk.code, sources: chunk.moduleIds.filter((id) => !id.startsWith('\0')) }
}
