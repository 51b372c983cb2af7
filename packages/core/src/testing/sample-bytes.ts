import { equalBytes } from '@rockpool/protocol'

/** `size` bytes that look random and are the same for the same seed (xorshift32). */
export const sampleBytes = (size: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = Math.imul(seed, 0x9e3779b1) | 1
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

/** A stream of `bytes` whose chunks have the given sizes, again and again. */
export const chunked = (
  bytes: Uint8Array<ArrayBuffer>,
  sizes: readonly number[] = [65_536],
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let offset = 0
  let turn = 0
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close()
      const length = sizes[turn++ % sizes.length]!
      controller.enqueue(bytes.slice(offset, offset + length))
      offset += length
    },
  })
}

/** Whether `blob` holds exactly `bytes`. (An `expect` on arrays of many MiB takes minutes.) */
export const holds = async (blob: Blob | undefined, bytes: Uint8Array): Promise<boolean> =>
  blob !== undefined && equalBytes(new Uint8Array(await blob.arrayBuffer()), bytes)
