/** Between node:http and web standards. Node's own Request and Response are used as they are. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { piecesOf } from '../http/pieces.ts'

/** @param signal aborted when the client is gone */
export const toRequest = (incoming: IncomingMessage, signal: AbortSignal): Request => {
  const { method = 'GET' } = incoming
  const headers = new Headers()
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!)
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(requestUrl(incoming), {
    method,
    headers,
    signal,
    ...(hasBody && { body: bodyOf(incoming), duplex: 'half' }),
  })
}

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

/** Each piece costs a write. More of them, such as a page of single events, are joined first. */
const MAX_PIECES = 32

/** Sends a response. Resolves when all of it is written, or the client is gone. */
export const sendResponse = async (response: Response, outgoing: ServerResponse): Promise<void> => {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  const pieces = piecesOf(response)
  if (pieces) {
    const joined = pieces.length > MAX_PIECES ? [Buffer.concat(pieces.map((piece) => Buffer.from(piece)))] : pieces
    for (const piece of joined) outgoing.write(piece)
    return void outgoing.end()
  }
  if (!response.body) return void outgoing.end()
  // A stream has no first byte for a while: its headers must not wait for one.
  outgoing.flushHeaders()
  const reader = response.body.getReader()
  const gone = new Promise<void>((resolve) => {
    outgoing.once('close', resolve)
    reader.closed.catch(() => resolve())
  })
  for (;;) {
    const next = await Promise.race([reader.read().catch(() => undefined), gone])
    if (!next) {
      void reader.cancel().catch(() => {})
      outgoing.destroy()
      return
    }
    if (next.done) return void outgoing.end()
    if (!outgoing.write(next.value)) {
      await Promise.race([new Promise((resolve) => void outgoing.once('drain', resolve)), gone])
    }
  }
}
