import { equalBytes } from '@rockpool/protocol'

export { sampleBytes } from '@rockpool/protocol/testing'

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
