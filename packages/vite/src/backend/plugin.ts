import { resolve } from 'node:path'
import type { Connect, Logger, Plugin, PreviewServer, ViteDevServer } from 'vite'
import { type BackendOptions, type EmbeddedBackend, SIGNER_PATH, startBackend } from './embedded-backend.ts'
import { TOKEN_PATH, tokenEndpoint } from './token-endpoint.ts'
import { proxyWebSockets } from './websocket-proxy.ts'

const SYNC_PATH = '/sync'

/** Runs the backend inside the dev and preview servers: `/sync`, `/signer` and development tokens, on the page's origin. */
export const backend = (options: Partial<BackendOptions>): Plugin => ({
  name: 'rockpool:backend',
  config: () => ({ server: { watch: { ignored: ['**/.rockpool/**'] } } }),
  configureServer: (server) => mount(server, options),
  configurePreviewServer: (server) => mount(server, options),
})

const mount = async (server: ViteDevServer | PreviewServer, options: Partial<BackendOptions>): Promise<void> => {
  const { root, logger } = server.config
  const dataDir = resolve(root, process.env.ROCKPOOL_DATA_DIR ?? options.dataDir ?? '.rockpool')
  const { signer, syncUrl, token, release } = await take({ ...options, dataDir })
  const start = () => {
    reportFailure(logger, 'signer', signer())
    reportFailure(logger, 'sync backend', syncUrl())
  }
  if (server.httpServer) server.httpServer.once('listening', start)
  else start()

  const answerSigner: Connect.NextHandleFunction = (request, response, next) => {
    signer().then((answer) => answer(request, response), next)
  }
  server.middlewares.use(SIGNER_PATH, answerSigner)
  server.middlewares.use(TOKEN_PATH, tokenEndpoint(token))
  if (server.httpServer) proxyWebSockets(server.httpServer as never, SYNC_PATH, syncUrl)

  const close = server.close.bind(server)
  server.close = async () => {
    await close()
    await release()
  }
}

const reportFailure = (logger: Logger, part: string, started: Promise<unknown>): void => {
  started.catch((error: unknown) => logger.error(`Rockpool's ${part} did not start: ${String(error)}`))
}

/** Backends of this process by folder: when its config changes, Vite starts the new server before it ends the old one. */
const running = new Map<string, { readonly backend: Promise<EmbeddedBackend>; users: number }>()

const take = async (options: BackendOptions): Promise<EmbeddedBackend & { release(): Promise<void> }> => {
  const { dataDir } = options
  const entry = running.get(dataDir) ?? { backend: startBackend(options), users: 0 }
  running.set(dataDir, entry)
  entry.users++
  let released = false
  const release = async () => {
    if (released) return
    released = true
    if (--entry.users > 0) return
    running.delete(dataDir)
    await (await entry.backend).stop()
  }
  try {
    return { ...(await entry.backend), release }
  } catch (error) {
    running.delete(dataDir)
    throw error
  }
}
