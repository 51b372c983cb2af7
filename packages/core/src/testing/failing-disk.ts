/** A disk that changes bytes after they were written. */
import { addressOfKey, type RemoteKey } from '@rockpool/protocol'
import type { BlobStore } from '../ports/blob-store.ts'

export interface FailingDisk {
  readonly blobs: BlobStore
  /** Changes the last part that is there of the content. Requires bytes of the content, and deletes its fragments. */
  damage(key: RemoteKey, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): Promise<void>
}

export const flipLastBit = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)

/** @param blobs in memory: it writes parts of any size */
export const failingDisk = (blobs: BlobStore): FailingDisk => ({
  blobs: { ...blobs },
  async damage(key, change) {
    const address = addressOfKey(key)
    const numbers = await blobs.parts(address)
    const parts = await Promise.all(
      numbers.map(async (number) => new Uint8Array(await (await blobs.openPart(address, number))!.arrayBuffer())),
    )
    await blobs.delete(address)
    for (const [i, number] of numbers.entries()) {
      await blobs.writePart(address, number, i === numbers.length - 1 ? change(parts[i]!) : parts[i]!)
    }
  },
})
