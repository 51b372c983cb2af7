import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HotPayload, Plugin, PreviewServer, ViteDevServer } from 'vite'
import { dataFolder } from '../data-folder/place.ts'
import { type BackendOptions, type EmbeddedBackend, SIGNER_PATH, startBackend, SYNC_PATH } from './embedded-backend.ts'
import { type Part, refuseUpgrade, respondFailure, startFailure } from './start-failure.ts'
import { TOKEN_PATH, tokenEndpoint } from './token-endpoint.ts'

/** Runs the backend inside the dev and preview servers: `/sync`, `/signer` and development tokens, on the page's origin. */
export const backend = (options: Partial<BackendOptions>): Plugin => ({
  name: 'rockpool:backend',
  configureServer: (server) => mount(server, options),
  configurePreviewServer: (server) => mount(server, options),
})

const mount = async (server: ViteDevServer | PreviewServer, options: Partial<BackendOptions>): Promise<void> => {
  const { root } = server.config
  const dataDir = dataFolder(root, options.dataDir)
  const { signer, sync, token, filesChanged, release } = await take({ ...options, dataDir })
  server.config.logger.info(`  Rockpool keeps its data in ${dataDir}`)

  const failure = (part: Part, error: unknown) => startFailure(part, error, [dataDir, root])
  const report = (part: Part, started: Promise<unknown>) => {
    started.catch((error: unknown) => {
      server.config.logger.error(`Rockpool's ${part} did not start: ${String(error)}`)
      if ('environments' in server) showInPages(server, failure(part, error).error.message)
    })
  }
  const start = () => {
    report('signer', signer())
    report('sync server', sync())
  }
  if (server.httpServer) server.httpServer.once('listening', start)
  else start()

  server.middlewares.use(SIGNER_PATH, (request, response) => {
    response.once('close', filesChanged)
    signer().then(
      (listener) => listener(request, response),
      (error: unknown) => respondFailure(response, failure('signer', error)),
    )
  })
  server.middlewares.use(TOKEN_PATH, tokenEndpoint(token))
  // Not mounted at its path: Connect would cut that off, and the sync server reads the whole one.
  server.middlewares.use((request, response, next) => {
    if (!isSyncCall(request.url)) return next()
    response.once('close', filesChanged)
    sync().then(
      ({ requestListener }) => requestListener(request, response),
      (error: unknown) => respondFailure(response, failure('sync server', error)),
    )
  })
  const httpServer = server.httpServer as Pick<Server, 'on'> | null
  httpServer?.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isSyncCall(request.url)) return
    // A client may leave while the sync server starts.
    socket.on('error', () => socket.destroy())
    sync().then(
      ({ handleUpgrade }) => handleUpgrade(request, socket, head),
      (error: unknown) => refuseUpgrade(socket, failure('sync server', error)),
    )
  })

  const close = server.close.bind(server)
  server.close = async () => {
    await close()
    await release()
  }
}

/** Vite's overlay, in every page that is open or is opened later. */
const showInPages = ({ environments }: ViteDevServer, message: string): void => {
  const { hot } = environments.client
  const error: HotPayload = { type: 'error', err: { message, stack: '' } }
  hot.send(error)
  hot.on('vite:client:connect', (_, client) => client.send(error))
}

const isSyncCall = (url = '/'): boolean => url === SYNC_PATH || url.startsWith(`${SYNC_PATH}/`)

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
