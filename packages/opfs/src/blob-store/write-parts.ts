/** Hashing while writing, in constant memory. */
import { type ContentDigest, ContentHasher } from '@rockpool/protocol'
import type { Sink } from './sink.ts'

/**
 * Writes all `parts` to `sink` and closes it. While a part is hashed (in WebCrypto's own threads) and written, the next one
 * is read: two parts (16 MiB) are held at most.
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
  let former: Promise<void> = Promise.resolve()
  try {
    for await (const part of parts) {
      await former
      former = keep(part)
      // Its failure is seen by the next await of it, which may come after the source's next chunk.
      former.catch(() => {})
    }
  } finally {
    await former
  }
  await sink.close()
  return hasher.finish()
}
