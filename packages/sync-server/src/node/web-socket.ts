/** WebSockets by `ws`, on the server's own HTTP port. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { SUBPROTOCOL } from '../live/accept.ts'
import { type Reply, toResponse } from '../http/reply.ts'
import { CLOSE } from '../live/publish.ts'
import type { SyncServer } from '../server.ts'
import { toRequest } from './request.ts'

/** A client sends `ping` and nothing else. */
const MAX_CLIENT_MESSAGE_BYTES = 1024
/** The system finds dead connections of devices that left without a FIN. */
const KEEP_ALIVE_MS = 30_000
/** After `close`, a client that does not reply to the Close frame within this time is disconnected. */
const CLOSE_GRACE_MS = 250

export interface Upgrades {
  handle(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>
  /** Closes all WebSockets, also those whose client does not reply to the Close frame. */
  close(): Promise<void>
}

export const createUpgrades = (server: SyncServer, onError: (error: unknown) => void): Upgrades => {
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_CLIENT_MESSAGE_BYTES,
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })

  const accept = (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    new Promise<WebSocket>((resolve) => {
      webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
        // `ws` closes the connection after each of its errors.
        webSocket.on('error', () => {})
        resolve(webSocket)
      })
    })

  return {
    handle: async (incoming, socket, head) => {
      const onSocketError = () => socket.destroy()
      socket.on('error', onSocketError)
      const upgrade = await server.upgrade(toRequest(incoming, new AbortController().signal))
      if (socket.destroyed) return
      if (upgrade.kind === 'refuse') return refuse(socket, upgrade.reply)
      socket.off('error', onSocketError)
      ;(socket as Socket).setKeepAlive?.(true, KEEP_ALIVE_MS)
      const webSocket = await accept(incoming, socket, head)
      if (upgrade.kind === 'close') return webSocket.close(upgrade.code, upgrade.reason)
      const connection = upgrade.connect({
        send: (message) => webSocket.send(message),
        get bufferedAmount() {
          return webSocket.bufferedAmount
        },
        close: (code, reason) => webSocket.close(code, reason),
      })
      webSocket.on('message', (data, isBinary) => {
        if (!isBinary) void connection.then(({ receive }) => receive(String(data))).catch(() => {})
      })
      webSocket.once('close', () => void connection.then(({ end }) => end()).catch(() => {}))
      await connection.catch((error: unknown) => {
        onError(error)
        webSocket.close(CLOSE.tryAgainLater, 'The sync server cannot use the event log right now.')
      })
    },

    close: async () => {
      const { clients } = webSockets
      const closed = Promise.all(
        [...clients].map((client) => {
          client.close(CLOSE.goingAway, 'The server is stopping.')
          return new Promise((resolve) => void client.once('close', resolve))
        }),
      )
      const timer = setTimeout(() => {
        for (const client of clients) client.terminate()
      }, CLOSE_GRACE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}

/** `ws` leaves the socket to us when there is no upgrade. */
const refuse = async (socket: Duplex, reply: Reply): Promise<void> => {
  const body = Buffer.from(await toResponse(reply).arrayBuffer())
  const headers = Object.entries({ ...reply.headers, 'content-length': String(body.length), connection: 'close' })
  const head = [`HTTP/1.1 ${reply.status} Refused`, ...headers.map(([name, value]) => `${name}: ${value}`), '', '']
  // No timeout applies to an upgraded socket: a client that keeps its side open would never release it.
  socket.once('finish', () => socket.destroy())
  socket.end(Buffer.concat([Buffer.from(head.join('\r\n')), body]))
}
