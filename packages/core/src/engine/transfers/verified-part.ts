/** Reading bytes from disk to send them: what is no longer as it was hashed must not travel under its address. */
import {
  type ContentDigest,
  digestOfPart,
  equalBytes,
  type Hashing,
  partRange,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'

/** A content on disk, with what was found when it was hashed. */
export interface HashedBlob extends Pick<ContentDigest, 'size' | 'digests'> {
  readonly blob: Blob
}

/**
 * Part `number` (1 to N) in memory, hashed again. What is sent is what was hashed: a disk may give other bytes the next time.
 *
 * @throws RockpoolError `corrupt`; `disk_failed` when the disk does not give the bytes
 */
export const verifiedPart = async (
  { blob, size, digests }: HashedBlob,
  number: number,
  hashing: Hashing = WEB_HASHING,
): Promise<Blob> => {
  const { start, end } = partRange(size, number, hashing)
  const bytes = await read(blob.slice(start, end))
  if (!equalBytes(await hashing.digest(bytes), digestOfPart(digests, number))) throw changedOnDisk()
  return new Blob([bytes])
}

const read = async (blob: Blob): Promise<Uint8Array<ArrayBuffer>> => {
  try {
    return new Uint8Array(await blob.arrayBuffer())
  } catch (cause) {
    throw new RockpoolError('disk_failed', 'This file could not be read from the disk. Its upload is tried again.', {
      cause,
    })
  }
}

export const changedOnDisk = (): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'This file is damaged on this device and was not uploaded. Add it again from its source.',
  )
