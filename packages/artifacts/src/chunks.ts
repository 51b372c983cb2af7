/** Bytes in pieces of any size, as a network brings them. */
export type Chunks = readonly Uint8Array<ArrayBuffer>[]

/** In bytes. */
export const lengthOf = (chunks: Chunks): number => chunks.reduce((length, chunk) => length + chunk.length, 0)

/** All bytes as one array. A single chunk is returned as it is, without a copy. */
export const concat = (chunks: Chunks): Uint8Array<ArrayBuffer> => {
  if (chunks.length === 1) return chunks[0]!
  const bytes = new Uint8Array(lengthOf(chunks))
  let end = 0
  for (const chunk of chunks) {
    bytes.set(chunk, end)
    end += chunk.length
  }
  return bytes
}
