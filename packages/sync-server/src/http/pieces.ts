/**
 * Responses whose body is in memory, in pieces. Node writes the pieces as they are: joining, encoding and streaming a page takes
 * longer than the append before it.
 */

export type Piece = string | Uint8Array<ArrayBuffer>

const known = new WeakMap<Response, readonly Piece[]>()

/** A response like any other, whose body can also be had as pieces. */
export const piecesResponse = (pieces: readonly Piece[], init: ResponseInit): Response => {
  const response = new Response(toStream(pieces), init)
  known.set(response, pieces)
  return response
}

/** The body of a response of {@link piecesResponse}; undefined for any other response. */
export const piecesOf = (response: Response): readonly Piece[] | undefined => known.get(response)

const toStream = (pieces: readonly Piece[]): ReadableStream<Uint8Array> => {
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
