/** Bytes and sources for tests. */

/** `size` bytes that are the same at each run of the same seed. */
export const bytesOf = (size: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = Math.imul(seed, 2_654_435_761) || 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

const CHUNK = 100_000

export async function* chunksIn(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}

export const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> => {
  const chunks = chunksIn(bytes)
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
}

export const toArray = async <A>(items: AsyncIterable<A>): Promise<A[]> => {
  const array: A[] = []
  for await (const item of items) array.push(item)
  return array
}

/** Yields `size` bytes, and fails then. */
export async function* failingSource(size: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunksIn(bytesOf(size))
  throw new Error('The disk is gone.')
}
