/** A disk that gives other bytes than were written. */
import { addressOfKey, type ContentAddress, type RemoteKey } from '@rockpool/protocol'
import type { BlobStore } from '../ports/blob-store.ts'

export interface FailingDisk {
  readonly blobs: BlobStore
  /** From now on what is there of the content reads as `change` makes it. What is written later reads as it was written. */
  damage(key: RemoteKey, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): void
}

export const flipLastBit = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1)

export const failingDisk = (blobs: BlobStore): FailingDisk => {
  const damaged = new Map<ContentAddress, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>()
  const read = async (address: ContentAddress, blob: Blob | undefined): Promise<Blob | undefined> => {
    const change = damaged.get(address)
    return blob && change ? new Blob([change(new Uint8Array(await blob.arrayBuffer()))]) : blob
  }
  return {
    damage: (key, change) => void damaged.set(addressOfKey(key), change),
    blobs: {
      ...blobs,
      open: async (address) => read(address, await blobs.open(address)),
      openPart: async (address, number) => read(address, await blobs.openPart(address, number)),
      async quarantine(address) {
        await blobs.quarantine(address)
        damaged.delete(address)
      },
      async delete(address) {
        await blobs.delete(address)
        damaged.delete(address)
      },
    },
  }
}
