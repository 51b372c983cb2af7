/** A fetch handler on a real HTTP port, so that signed URLs are exercised as a browser would. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Serving {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

export const serveFetch = (handle: (request: Request) => Promise<Response>): Promise<Serving> =>
  serveRequests((incoming, outgoing) => answer(incoming, outgoing, handle))

/** Answers requests as Node gives them, on a free port of this machine. What rejects breaks its connection. */
export const serveRequests = async (
  answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
): Promise<Serving> => {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const answer = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: (request: Request) => Promise<Response>,
): Promise<void> => {
  const gone = new AbortController()
  outgoing.on('close', () => gone.abort())
  const hasBody = incoming.method === 'PUT' || incoming.method === 'POST'
  const response = await handle(
    new Request(`http://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
      signal: gone.signal,
      ...(hasBody ? { body: bodyOf(incoming), duplex: 'half' } : {}),
    }),
  )
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body as never), outgoing)
}

/** What is not read is drained, so that the connection can carry the answer and the next request. */
const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const chunks = incoming.iterator({ destroyOnReturn: false })
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return?.()
        incoming.resume()
      },
    },
    { highWaterMark: 0 },
  )
}
