/** A stream's bytes in memory, without `Response`: other libraries replace that global, and not all of its methods work then. */
import { ObjectStoreError } from './errors.ts'

/** @throws ObjectStoreError `conflict` unless the stream has exactly `size` bytes; what the stream throws */
export const readBytes = async (body: ReadableStream<Uint8Array>, size: number): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = new Uint8Array(size)
  let at = 0
  const changed = () => new ObjectStoreError('conflict', 'The object was replaced while it was read. Try again.')
  for await (const chunk of body) {
    if (at + chunk.length > size) throw changed()
    bytes.set(chunk, at)
    at += chunk.length
  }
  if (at < size) throw changed()
  return bytes
}
