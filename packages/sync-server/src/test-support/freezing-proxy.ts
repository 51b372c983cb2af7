/** A TCP proxy whose connections a test can freeze: they stay open, and nothing passes any more. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface FreezingProxy extends AsyncDisposable {
  readonly port: number
  /** connections that were opened */
  readonly opened: number
  /** Freezes the connections that are open now; later ones pass. */
  freeze(): void
}

export const startFreezingProxy = async (targetPort: number): Promise<FreezingProxy> => {
  const sockets = new Set<Socket>()
  let opened = 0
  const server = createServer((client) => {
    opened++
    const target = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket)
      socket.pipe(other)
      // Either end may be killed: the other one follows.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get opened() {
      return opened
    },
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe()
        socket.pause()
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
