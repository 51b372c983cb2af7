import type { ContentAddress } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'

/** Removes the damaged bytes of a content that is whole again. Asked for each download, so that no other content pays for it. */
export const dropDamaged = async (
  blobs: Pick<BlobStore, 'isQuarantined' | 'sweep'>,
  address: ContentAddress,
): Promise<void> => {
  if (await blobs.isQuarantined(address)) await blobs.sweep()
}
