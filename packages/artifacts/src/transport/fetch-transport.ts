/** Requests by `fetch`, and digests by WebCrypto: every runtime has both. */
import { sha256 } from '@rockpool/protocol'
import { type Chunks, concat } from '../chunks.ts'
import { ResponseBody } from './response-body.ts'
import type { Transport } from './transport.ts'

export const fetchTransport =
  (fetch: (url: string, init: RequestInit) => Promise<Response>): Transport =>
  async ({ url, method, headers, body, signal, maxLength, hash }) => {
    const init = { method, headers, redirect: 'manual', signal, ...(body !== undefined && { body }) } as const
    const response = await fetch(url, init)
    const chunks = response.body === null ? [] : await readChunks(response.body, lengthOf(response, method), maxLength)
    if (!hash) return { status: response.status, headers: response.headers, chunks, sha256: new Uint8Array() }
    // WebCrypto takes the bytes as a whole.
    const whole = concat(chunks)
    return { status: response.status, headers: response.headers, chunks: [whole], sha256: await sha256(whole) }
  }

const readChunks = async (
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  length: number | undefined,
  maxLength: number,
): Promise<Chunks> => {
  const reader = stream.getReader()
  try {
    const body = new ResponseBody(length, maxLength)
    for (let read = await reader.read(); !read.done; read = await reader.read()) body.add(read.value)
    return body.finish()
  } catch (error) {
    // Closes the connection. The first error is the one to report.
    await reader.cancel(error).catch(() => {})
    throw error
  }
}

/** Undefined when the response does not have one, or has that of other bytes: compressed ones, the object of a HEAD. */
const lengthOf = ({ headers }: Response, method: string): number | undefined => {
  const length = headers.has('content-encoding') || method === 'HEAD' ? null : headers.get('content-length')
  return length === null ? undefined : Number(length)
}

export const systemTransport: Transport = fetchTransport((url, init) => fetch(url, init))
