import type { IncomingMessage, Server } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Passes WebSocket connections to `path` on to another server, which may still be starting. */
export const proxyWebSockets = (server: Pick<Server, 'on'>, path: string, target: () => Promise<string>): void => {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url?.split('?', 1)[0] !== path) return
    socket.on('error', () => socket.destroy())
    target().then(
      (url) => tunnel(request, socket, head, new URL(url)),
      () => socket.destroy(),
    )
  })
}

/** The request as it came, then bytes both ways until either side ends. */
const tunnel = (request: IncomingMessage, socket: Duplex, head: Buffer, { hostname, port }: URL): void => {
  const upstream = connect(Number(port), hostname)
  upstream.setNoDelay(true)
  upstream.on('error', () => socket.destroy())
  upstream.on('close', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
  const lines = [`${request.method} ${request.url} HTTP/1.1`]
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
  }
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
  upstream.write(head)
  socket.pipe(upstream).pipe(socket)
}
