/** Reads a body before its reader does. */
import type { ByteReader } from './byte-reader.ts'

/**
 * Takes the first `max` bytes of a body into memory as they arrive. A browser discards what it has received of a body without a reader
 * when the connection is cut: a stream that fails has an empty queue (Streams standard, ReadableStreamError and ResetQueue).
 */
export const readAhead = (body: ByteReader, max: number): ByteReader => {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let outcome: 'reading' | 'read' | 'ended' | { readonly error: unknown } = 'reading'
  let changed = Promise.withResolvers<void>()
  const notify = () => {
    changed.resolve()
    changed = Promise.withResolvers()
  }

  const fill = async (): Promise<void> => {
    try {
      for (let length = 0; length < max;) {
        const bytes = await body.next(max - length)
        if (!bytes) return void (outcome = 'ended')
        chunks.push(bytes.slice())
        length += bytes.length
        notify()
      }
      outcome = 'read'
    } catch (error) {
      outcome = { error }
    } finally {
      notify()
    }
  }
  void fill()

  return {
    async next(most) {
      while (chunks.length === 0 && outcome === 'reading') await changed.promise
      const chunk = chunks.shift()
      if (chunk) {
        if (chunk.length > most) chunks.unshift(chunk.subarray(most))
        return chunk.subarray(0, most)
      }
      if (typeof outcome === 'object') throw outcome.error
      return outcome === 'ended' ? undefined : body.next(most)
    },
    cancel: () => body.cancel(),
  }
}
