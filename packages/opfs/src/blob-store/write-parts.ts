/** Hashing while writing, in constant memory. */
import { type ContentDigest, ContentHasher } from '@rockpool/protocol'
import type { Sink } from './sink.ts'

/**
 * Writes all `parts` to `sink` and closes it. While a part is hashed (in WebCrypto's own threads) and written, the next one
 * is read: two parts (16 MiB) are held at most. Rejects as soon as either side fails, a silent source or not; the caller
 * then ends both.
 */
export const writeParts = async (
  parts: AsyncIterable<Uint8Array<ArrayBuffer>>,
  sink: Sink,
  onProgress?: (bytes: number) => void,
): Promise<ContentDigest> => {
  const hasher = new ContentHasher()
  let size = 0
  const keep = async (part: Uint8Array<ArrayBuffer>) => {
    await Promise.all([hasher.add(part), sink.write(part)])
    size += part.length
    onProgress?.(size)
  }
  const iterator = parts[Symbol.asyncIterator]()
  let keeping = Promise.resolve()
  let reading = iterator.next()
  for (;;) {
    const [{ done, value: part }] = await Promise.all([reading, keeping])
    if (done) break
    // Asked for first, since a sync write blocks this thread but not the browser's reading.
    reading = iterator.next()
    keeping = keep(part)
  }
  await sink.close()
  return hasher.finish()
}
