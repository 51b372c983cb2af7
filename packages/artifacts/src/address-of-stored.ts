/** The content address of what is stored. */
import { addressOfDigests, type ArtifactKey, type ContentAddress, MAX_PARTS, PART_SIZE } from '@rockpool/protocol'
import { concat } from './chunks.ts'
import { ArtifactError } from './errors.ts'
import type { ArtifactStorage, StoredObject } from './storage/storage.ts'

/**
 * What the store says, or else the hash of the bytes: another client wrote them, or they were uploaded in parts.
 *
 * @throws ArtifactError `too_large` (over 78 GiB), `changed` when the object is replaced while it is read, and what the storage throws
 */
export const storedAddress = async (
  storage: ArtifactStorage,
  key: ArtifactKey,
  { address, size, etag }: StoredObject,
  signal?: AbortSignal,
): Promise<ContentAddress> => {
  if (address !== undefined) return address
  if (size > MAX_PARTS * PART_SIZE) throw new ArtifactError('too_large', `${key} has over 78 GiB. Split it.`)
  const digests: Uint8Array<ArrayBuffer>[] = []
  for (let start = 0; start === 0 || start < size; start += PART_SIZE) {
    const end = Math.min(start + PART_SIZE, Math.max(size, 1))
    const { sha256 } = await storage.read(key, { start, end }, size === 0 ? undefined : etag, signal)
    digests.push(sha256)
  }
  return addressOfDigests(concat(digests))
}
