import { build, type ResolvedConfig, type Rolldown } from 'vite'
import type { PrecacheEntry } from './precache-manifest.ts'

export interface ServiceWorkerBundle {
  readonly code: string
  /** absolute paths of the modules in it */
  readonly sources: readonly string[]
}

/** What replaces `self.__WB_MANIFEST`, as in Workbox's own tools, and `self.__ROCKPOOL_DENYLIST` in the source of a service worker. */
export interface ServiceWorkerConstants {
  /** empty in dev */
  readonly manifest: readonly PrecacheEntry[]
  readonly denylist: readonly RegExp[]
}

/** Bundles a service worker into one classic script: Firefox knows no module service workers before 147. */
export const bundleServiceWorker = async (
  config: ResolvedConfig,
  entry: string,
  { manifest, denylist }: ServiceWorkerConstants,
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
    define: {
      ...config.define,
      'self.__WB_MANIFEST': JSON.stringify(manifest),
      'self.__ROCKPOOL_DENYLIST': JSON.stringify(denylist.map(({ source, flags }) => [source, flags])),
    },
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
