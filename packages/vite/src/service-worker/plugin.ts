import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin, ResolvedConfig, ViteDevServer } from 'vite'
import { basePath } from './base-path.ts'
import { bundleServiceWorker, type ServiceWorkerBundle } from './bundle.ts'
import { precacheManifest } from './precache-manifest.ts'

/** At the app's base: a worker's scope is its folder. */
const FILE_NAME = 'service-worker.js'
const DEFAULT_ENTRY = 'src/service-worker.ts'

export interface ShellOptions {
  /**
   * Path and query of navigations that your server responds to, such as `/^\/login/`. The ready-made worker opens the app's page for
   * every other one.
   */
  readonly denylist?: readonly RegExp[]
}

/** Serves the service worker in dev, bundled again when one of its sources changes, and builds it at the end of a build. */
export const serviceWorker = (entry: string | undefined, shell: ShellOptions | false): Plugin => {
  const denylist = shell === false ? [] : (shell.denylist ?? [])
  let config: ResolvedConfig
  return {
    name: 'rockpool:service-worker',
    configResolved(resolved) {
      config = resolved
    },
    configureServer(server) {
      serveBundled(server, () => bundleServiceWorker(config, entryFile(config.root, entry), { manifest: [], denylist }))
    },
    writeBundle: {
      // After all others: the manifest names every file of the build.
      order: 'post',
      sequential: true,
      async handler({ dir }, bundle) {
        if (this.environment.name !== 'client' || !dir) return
        const { base, build, logger } = config
        const { manifest, omitted } =
          shell === false
            ? { manifest: [], omitted: [] }
            : await precacheManifest({ dir, base, assetsDir: build.assetsDir, emitted: new Set(Object.keys(bundle)) })
        for (const { file, size } of omitted) logger.info(`Not cached for offline use: ${file} (${megabytes(size)} MB)`)
        const constants = { manifest, denylist }
        const { code } = await bundleServiceWorker(config, entryFile(config.root, entry), constants)
        await writeFile(join(dir, FILE_NAME), code)
      },
    },
  }
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1)

const entryFile = (root: string, entry: string | undefined): string => {
  const file = resolve(root, entry ?? DEFAULT_ENTRY)
  if (existsSync(file)) return file
  if (entry !== undefined) throw new Error(`rockpool(): there is no service worker at ${relative(root, file)}.`)
  return fileURLToPath(import.meta.resolve('@rockpool/service-worker/worker'))
}

const serveBundled = (server: ViteDevServer, bundle: () => Promise<ServiceWorkerBundle>) => {
  let bundled: Promise<ServiceWorkerBundle> | undefined
  let sources = new Set<string>()

  const current = () =>
    (bundled ??= bundle().then((result) => {
      sources = new Set(result.sources)
      // Sources outside the root (linked packages) are not watched yet.
      server.watcher.add(result.sources.filter((file) => !file.includes('/node_modules/')))
      return result
    }))

  server.watcher.on('change', (file) => {
    if (!sources.has(file)) return
    bundled = undefined
    // A navigation makes the browser look for a new worker.
    server.ws.send({ type: 'full-reload', path: '*' })
  })

  const path = basePath(server.config) + FILE_NAME
  server.middlewares.use((request, response, next) => {
    if (request.url?.split('?', 1)[0] !== path) return next()
    current().then(
      ({ code }) => {
        response.setHeader('content-type', 'text/javascript')
        response.setHeader('cache-control', 'no-cache')
        response.end(code)
      },
      (error: unknown) => {
        bundled = undefined // the next request tries again
        next(error)
      },
    )
  })
}
