/** The sync server inside an existing Node server, such as Vite's. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { reportToConsole, type SyncOptions } from '../http/handler.ts'
import { createSyncServer, type SyncServer } from '../server.ts'
import { sendReply, toRequest } from './request.ts'
import { createUpgrades } from './web-socket.ts'

export interface SyncListener {
  /** Responds to requests below `basePath`; others get 404. */
  readonly requestListener: RequestListener
  /** Handles `upgrade` events of requests below `basePath`. */
  handleUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  /** As {@link SyncServer.fetch}: for calls that another part of this process makes. */
  readonly fetch: SyncServer['fetch']
  /** As {@link SyncServer.redact}. */
  readonly redact: SyncServer['redact']
  /** As {@link SyncServer.reportLost}. */
  readonly reportLost: SyncServer['reportLost']
  /** As {@link SyncServer.deleteFiles}. */
  readonly deleteFiles: SyncServer['deleteFiles']
  /** Ends all connections and in-flight requests, and closes the logs. */
  close(): Promise<void>
}

/** A client that still sends after its response is read this long: a reset could destroy the response on its way. */
const LINGER_MS = 2_000

export const createSyncListener = (options: SyncOptions): SyncListener => {
  const { onError = reportToConsole } = options
  const server = createSyncServer(options)
  const upgrades = createUpgrades(server, onError)
  const inFlight = new Map<ServerResponse, AbortController>()

  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const abort = new AbortController()
    inFlight.set(outgoing, abort)
    outgoing.once('close', () => {
      inFlight.delete(outgoing)
      if (!outgoing.writableFinished) abort.abort(new Error('The client has disconnected.'))
    })
    const request = toRequest(incoming, abort.signal)
    const reply = await server.respond(request)
    if (outgoing.destroyed) return
    if (!incoming.complete) {
      // A body that no one reads would wait for its reader. One that was read in part is cancelled already, and locked.
      request.body?.cancel().catch(() => {})
      discardBody(incoming, outgoing)
    }
    await sendReply(reply, outgoing)
  }

  return {
    requestListener: (incoming, outgoing) => {
      respond(incoming, outgoing).catch((error: unknown) => {
        onError(error)
        outgoing.destroy()
      })
    },
    handleUpgrade: (incoming, socket, head) => {
      upgrades.handle(incoming, socket, head).catch((error: unknown) => {
        onError(error)
        socket.destroy()
      })
    },
    fetch: server.fetch,
    redact: server.redact,
    reportLost: server.reportLost,
    deleteFiles: server.deleteFiles,
    close: async () => {
      const closed = server.close()
      for (const abort of inFlight.values()) abort.abort(new Error('The server is stopping.'))
      await Promise.all([closed, upgrades.close()])
      for (const outgoing of inFlight.keys()) outgoing.destroy()
    },
  }
}

/** The response was decided before the body had arrived. */
const discardBody = (incoming: IncomingMessage, outgoing: ServerResponse) => {
  outgoing.setHeader('connection', 'close')
  // Node destroys the socket after such a response, which resets a connection on which the client still sends (RFC 9112, 9.6).
  const { socket } = incoming
  socket.destroySoon = () => void socket.end()
  incoming.resume()
  outgoing.once('finish', () => {
    const timer = setTimeout(() => incoming.destroy(), LINGER_MS)
    incoming.once('close', () => clearTimeout(timer))
  })
}
