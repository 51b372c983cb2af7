/** Reads bytes from disk for an upload: bytes that changed since they were hashed must not be sent under the old address. */
import {
  type ContentDigest,
  digestOfPart,
  equalBytes,
  type Hashing,
  partRange,
  RockpoolError,
  WEB_HASHING,
} from '@rockpool/protocol'

/** Content on disk, with its size and digests. */
export interface HashedBlob extends Pick<ContentDigest, 'size' | 'digests'> {
  readonly blob: Blob
}

/**
 * Part `number` (1 to N) in memory, hashed again. The returned bytes are the hashed ones: a second read of a failing disk may differ.
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
    throw new RockpoolError('disk_failed', 'This file could not be read from the disk. Its upload is retried.', {
      cause,
    })
  }
}

export const changedOnDisk = (): RockpoolError =>
  new RockpoolError(
    'corrupt',
    'This file is damaged on this device and was not uploaded. Add it again from its source.',
  )
