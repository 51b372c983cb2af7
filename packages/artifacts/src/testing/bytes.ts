/** Sources of bytes for tests. */
import { sampleBytes } from '@rockpool/protocol/testing'

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
  yield* chunksIn(sampleBytes(size))
  throw new Error('The disk is gone.')
}
