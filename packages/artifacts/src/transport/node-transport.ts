/** Requests by `node:http` and its global agents, which keep connections open between requests. */
import { createHash } from 'node:crypto'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { ResponseBody } from './response-body.ts'
import type { HttpRequest, HttpResponse, Transport } from './transport.ts'

export const systemTransport: Transport = (request) =>
  new Promise((resolve, reject) => {
    const { url, method, headers, body, signal } = request
    const { request: open } = url.startsWith('https:') ? https : http
    const outgoing = open(url, { method, headers: Object.fromEntries(headers), signal })
    // Also after the response: a server that refuses a body early cuts the connection while the rest is sent.
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      read(incoming, request).then(resolve, (error) => {
        reject(error)
        outgoing.destroy()
      })
    })
    outgoing.end(body)
  })

/** Listens from its call on: an event before that would be lost. */
const read = (incoming: IncomingMessage, { method, maxLength, signal, hash }: HttpRequest): Promise<HttpResponse> =>
  new Promise((resolve, reject) => {
    incoming.on('error', reject)
    const { 'content-length': length } = incoming.headers
    // The Content-Length of a response to HEAD is that of the object.
    const body = new ResponseBody(length === undefined || method === 'HEAD' ? undefined : Number(length), maxLength)
    const hasher = hash ? createHash('sha256') : undefined
    // Not `for await`, which takes twice the CPU time.
    incoming.on('data', (chunk: Buffer<ArrayBuffer>) => {
      try {
        body.add(chunk)
        // While the processor still has the bytes in its cache.
        hasher?.update(chunk)
      } catch (error) {
        incoming.destroy(error as Error)
      }
    })
    incoming.on('end', () => {
      try {
        // A request that was ended discards the rest of its response, and gets to its end.
        signal.throwIfAborted()
        const sha256 = new Uint8Array(hasher?.digest() ?? [])
        resolve({ status: incoming.statusCode!, headers: headersOf(incoming), chunks: body.finish(), sha256 })
      } catch (error) {
        reject(error)
      }
    })
  })

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  return headers
}
