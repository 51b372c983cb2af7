/** Finds an upload that an interrupted copy left in the target, and the digests to verify its parts. */
import { addressOfDigests, addressParts, DIGEST_SIZE, parseRemoteKey, partCount, partsKey } from '@rockpool/protocol'
import { isObjectStoreError } from './errors.ts'
import { readBytes } from './read-bytes.ts'
import type { CallOptions, ObjectInfo, ObjectStore, UploadedPart } from './object-store.ts'

export interface UnfinishedUpload {
  readonly uploadId: string
  /** the parts in the target, not verified yet */
  readonly parts: readonly UploadedPart[]
}

/** The upload of this object with the most parts, among those whose parts fit an object of this size. */
export const findUnfinished = async (
  target: ObjectStore,
  { key, size }: ObjectInfo,
  call: CallOptions,
): Promise<UnfinishedUpload | undefined> => {
  // Without the right to list uploads all parts are sent again; a store that is down fails there, too.
  const uploadIds = await target.multipart.listUploads(key, call).catch(() => [])
  let most: UnfinishedUpload | undefined
  for (const uploadId of uploadIds) {
    const parts = await partsOf(target, key, uploadId, call)
    // A part behind the last one cannot be taken out of an upload.
    if (!parts?.length || parts.at(-1)!.number > partCount(size)) continue
    if (parts.length > (most?.parts.length ?? 0)) most = { uploadId, parts }
  }
  return most
}

/** The parts of an upload; undefined when there is no such upload any more. */
export const partsOf = async (
  target: ObjectStore,
  key: string,
  uploadId: string,
  call: CallOptions,
): Promise<readonly UploadedPart[] | undefined> => {
  try {
    return await target.multipart.listParts(key, uploadId, call)
  } catch (error) {
    if (isObjectStoreError(error, 'upload_not_found')) return undefined
    throw error
  }
}

/** The digest list beside content of several parts, if it hashes to the address in the key. */
export const digestsBeside = async (
  source: ObjectStore,
  { key, size }: ObjectInfo,
  call: CallOptions,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const address = parseRemoteKey(key)?.address
  if (address === undefined || addressParts(address) !== partCount(size)) return undefined
  try {
    const { info, body } = await source.get(partsKey(key), call)
    if (info.size !== partCount(size) * DIGEST_SIZE) {
      await body.cancel()
      return undefined
    }
    const digests = await readBytes(body, info.size)
    return (await addressOfDigests(digests)) === address ? digests : undefined
  } catch (error) {
    if (isObjectStoreError(error, 'not_found')) return undefined
    throw error
  }
}
