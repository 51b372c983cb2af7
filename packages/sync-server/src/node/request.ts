/** Between node:http and the requests and replies of the handler. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Reply, SyncRequest } from '../http/reply.ts'

/** @param signal aborted when the client is gone */
export const toRequest = (incoming: IncomingMessage, signal: AbortSignal): SyncRequest => {
  const { method = 'GET' } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return {
    method,
    url: requestUrl(incoming),
    headers: headersOf(incoming),
    body: hasBody ? bodyOf(incoming) : null,
    signal,
  }
}

/** By names in lower case. A header that is sent twice has both values, as in `Headers`. */
const headersOf = ({ headersDistinct }: IncomingMessage): SyncRequest['headers'] => ({
  get: (name) => headersDistinct[name]?.join(', ') ?? null,
  has: (name) => headersDistinct[name] !== undefined,
})

/**
 * Node's `Readable.toWeb` throws within an event of `incoming`, and so ends the process, when data arrives after the stream was
 * cancelled. Here what arrives then is dropped; whoever responds decides how long.
 */
const bodyOf = (incoming: IncomingMessage): ReadableStream<Uint8Array> => {
  let isOver = false
  const over = (end: () => void) => {
    if (isOver) return
    isOver = true
    end()
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.pause()
      incoming.on('data', (chunk: Uint8Array) => {
        if (isOver) return
        controller.enqueue(chunk)
        if (controller.desiredSize! <= 0) incoming.pause()
      })
      const gone = (cause?: unknown) =>
        over(() => controller.error(new Error('The client has disconnected.', { cause })))
      incoming.once('end', () => over(() => controller.close()))
      incoming.once('error', gone)
      incoming.once('close', () => gone())
    },
    pull: () => void incoming.resume(),
    cancel: () => over(() => {}),
  })
}

/** The host does not matter: nothing here depends on it, and a client may send any. */
const requestUrl = ({ url = '/' }: IncomingMessage): string => {
  const path = url.startsWith('/') ? url : '/'
  return `http://localhost${path}`
}

/** A body up to this size is written at once, which takes less than a write for each piece. */
const MAX_JOINED_BYTES = 64 * 1024
/** More pieces are joined, too, such as a page of single events. */
const MAX_PIECES = 32

/** Resolves when all of the reply is written, or the client is gone. */
export const sendReply = async ({ status, headers, body }: Reply, outgoing: ServerResponse): Promise<void> => {
  if (!(body instanceof ReadableStream)) {
    const pieces = body.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))
    const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
    outgoing.writeHead(status, length === 0 ? headers : { ...headers, 'content-length': length })
    if (length <= MAX_JOINED_BYTES || pieces.length > MAX_PIECES)
      return void outgoing.end(Buffer.concat(pieces, length))
    for (const piece of pieces) outgoing.write(piece)
    return void outgoing.end()
  }
  outgoing.writeHead(status, headers)
  // A stream has no first byte for a while: its headers must not wait for one.
  outgoing.flushHeaders()
  await sendStream(body, outgoing)
}

/** Without a race against the end of the connection: its promise would keep each chunk until then (nodejs/node#17469). */
const sendStream = async (body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> => {
  const reader = body.getReader()
  let wake = () => {}
  outgoing.on('drain', () => wake())
  outgoing.once('close', () => {
    reader.cancel().catch(() => {})
    wake()
  })
  // Also while a write waits: the server ends slow clients by an error.
  reader.closed.catch(() => outgoing.destroy())
  for (;;) {
    const next = await reader.read().catch(() => undefined)
    if (!next) return
    if (next.done) return void outgoing.end()
    if (!outgoing.write(next.value) && !outgoing.destroyed) {
      await new Promise<void>((resolve) => void (wake = resolve))
    }
  }
}
