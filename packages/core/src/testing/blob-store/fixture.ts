/** What the cases of the suite share. */
import { addressParts, type ContentDigest, hashContent, PART_SIZE, partRange } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'
import { sampleBytes } from '../sample-bytes.ts'

export interface BlobStoreFixture extends AsyncDisposable {
  readonly store: BlobStore
  /** Closes the store and opens another one on the same disk. */
  reopen(): Promise<BlobStore>
}

export type MakeBlobStore = () => Promise<BlobStoreFixture>

/** Sizes around the boundaries of parts. */
export const SIZES = [0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 5]

export const summary = ({ address, size, digests }: ContentDigest) => ({ address, size, digests: [...digests] })

/** Bytes, their address, and their parts. */
export const contentOf = async (size: number, seed = 7) => {
  const bytes = sampleBytes(size, seed)
  const { address } = await hashContent([bytes])
  const parts = Array.from({ length: addressParts(address) }, (_, i) => {
    const { start, end } = partRange(size, i + 1)
    return bytes.slice(start, end)
  })
  return { bytes, address, parts }
}

/** Writes content of which the last bit differs. @returns what it should be */
export const damagedContent = async (store: BlobStore, size: number, seed: number) => {
  const content = await contentOf(size, seed)
  for (const [i, part] of content.parts.entries()) {
    const isLast = i === content.parts.length - 1
    await store.writePart(content.address, i + 1, isLast ? part.with(part.length - 1, part.at(-1)! ^ 1) : part)
  }
  return content
}

/** A stream that gives `bytes` and then calls `then`; without one it stays silent. */
export const controlledStream = (
  bytes: Uint8Array,
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void> = () => new Promise(() => {}),
) => {
  const pulled = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  let given = false
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!given && bytes.length > 0) {
          given = true
          return controller.enqueue(bytes)
        }
        pulled.resolve()
        return then(controller)
      },
      cancel: () => cancelled.resolve(),
    },
    { highWaterMark: 0 },
  )
  return { source, pulled: pulled.promise, cancelled: cancelled.promise }
}
