/** A proxy in front of S3 that holds requests, so that a test kills a process in a moment that it knows. */
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

export interface Gate {
  readonly url: string
  /** Holds the next PUT whose path ends so. Resolves when it has arrived. */
  hold(suffix: string): Promise<void>
  /** Forwards what is held, and holds no more. */
  release(): void
  /** the PUTs that were forwarded, by path */
  readonly puts: readonly string[]
  close(): Promise<void>
}

export const openGate = async (target: string): Promise<Gate> => {
  const puts: string[] = []
  let held: { readonly suffix: string; readonly arrived: () => void; readonly released: Promise<void> } | undefined
  let release = () => {}
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url!.split('?')[0]!
    const forward = () => {
      if (incoming.method === 'PUT') puts.push(path)
      const { hostname, port } = new URL(target)
      // With the Host that was signed.
      const { method, url, headers } = incoming
      const onward = httpRequest({ hostname, port, method, path: url, headers }, (response) => {
        outgoing.writeHead(response.statusCode!, response.headers)
        // Either side may die: that is what the tests do.
        pipeline(response, outgoing).catch(() => {})
      })
      onward.on('error', () => outgoing.destroy())
      pipeline(incoming, onward).catch(() => onward.destroy())
    }
    if (!held || incoming.method !== 'PUT' || !path.endsWith(held.suffix)) return forward()
    held.arrived()
    void held.released.then(() => {
      if (!incoming.destroyed) forward()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    puts,
    hold: (suffix) =>
      new Promise((arrived) => {
        held = { suffix, arrived, released: new Promise((resolve) => (release = resolve)) }
      }),
    release: () => {
      held = undefined
      release()
    },
    close: async () => {
      release()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
