/** Between node:http and web standards. Node's own Request and Response are used as they are. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
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
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' }),
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
