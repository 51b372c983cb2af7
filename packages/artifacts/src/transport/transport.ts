/** One HTTP request, and its whole response in memory. */
import type { Chunks } from '../chunks.ts'

export interface HttpRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer> | string | undefined
  /** ends the request, and the response while it is read */
  readonly signal: AbortSignal
  /** bytes of the response body; a longer one is an error */
  readonly maxLength: number
  /** whether the response has a `sha256` */
  readonly hash: boolean
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Headers
  /** the body in the pieces in which it arrived; none for an empty one */
  readonly chunks: Chunks
  /** SHA-256 of the body, 32 bytes; empty unless asked for */
  readonly sha256: Uint8Array<ArrayBuffer>
}

/**
 * Sends a request once, follows no redirect, and resolves with a response of any status.
 *
 * Two implementations pass the same suite: `fetch` for every runtime, and `node:http` with `node:crypto` for Node. `fetch`
 * of Node 24 takes 2.5 times the CPU time to read a part from Ceph, and WebCrypto copies the part to hash it.
 * The condition `node` in package.json selects the second one.
 *
 * @throws Error of any kind when there is no whole response: no connection, a response that is cut or too long, the signal
 */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>
