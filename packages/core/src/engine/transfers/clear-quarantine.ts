import type { ContentAddress } from '@rockpool/protocol'
import type { BlobStore } from '../../ports/blob-store.ts'

/** Deletes the damaged bytes of content that was downloaded again. Checked per download, so other content costs nothing. */
export const clearQuarantine = async (
  blobs: Pick<BlobStore, 'isQuarantined' | 'sweep'>,
  address: ContentAddress,
): Promise<void> => {
  if (await blobs.isQuarantined(address)) await blobs.sweep()
}
