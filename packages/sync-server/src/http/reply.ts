/**
 * Requests and responses without the objects of a platform. Node reads and writes them as they are: building a Request and a
 * Response takes longer than a small append, and joining, encoding and streaming a page longer than a large one.
 */

/** A `Request` is one. */
export interface SyncRequest {
  readonly method: string
  readonly url: string
  readonly headers: Pick<Headers, 'get' | 'has'>
  readonly body: ReadableStream<Uint8Array> | null
  /** aborted when the client is gone */
  readonly signal: AbortSignal
}

export type Piece = string | Uint8Array<ArrayBuffer>

export interface Reply {
  readonly status: number
  /** by names in lower case */
  readonly headers: Readonly<Record<string, string>>
  /** pieces in memory, or a stream */
  readonly body: readonly Piece[] | ReadableStream<Uint8Array<ArrayBuffer>>
}

export const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' } as const

export const toResponse = ({ status, headers, body }: Reply): Response =>
  new Response(body instanceof ReadableStream ? body : body.length === 0 ? null : toStream(body), { status, headers })

const toStream = (pieces: readonly Piece[]): ReadableStream<Uint8Array<ArrayBuffer>> => {
  const encoder = new TextEncoder()
  const left = pieces.values()
  return new ReadableStream({
    pull: (controller) => {
      const { done, value } = left.next()
      if (done) return controller.close()
      controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
  })
}
