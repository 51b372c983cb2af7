/**
 * Uploads in parts. The signer keeps no state: the client sends the whole digest list, which is verified by hashing to
 * the address; each part is signed with its exact length and digest; the object store's own list says which parts exist.
 */
import { isObjectStoreError, type ObjectStore, type UploadedPart } from '@rockpool/object-store'
import {
  digestOfPart,
  equalBytes,
  fromHex,
  type Hashing,
  type MultipartAbortRequest,
  type MultipartCompleteRequest,
  type MultipartParts,
  type MultipartPartsRequest,
  type MultipartRequest,
  type MultipartUpload,
  partRange,
  partsKey,
  safeType,
  type StoredContent,
} from '@rockpool/protocol'
import { checkBucket, verifyDigests } from './content.ts'
import { httpError } from './errors.ts'
import { created } from './hooks.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import type { SignerServices } from './services.ts'
import { findStored, UPLOAD_SECONDS } from './uploads.ts'

/** Starts an upload, or lists the parts of one that was started before. */
export const startMultipart = async (
  { store, access, hashing, digestLists, receiptOf, emit, requireRoom }: SignerServices,
  caller: Caller,
  request: MultipartRequest,
  signal: AbortSignal,
): Promise<MultipartUpload> => {
  const { size, type, uploadId } = request
  const key = await access.permit(caller, 'write', request.key, { size, type })
  checkBucket(key, size, type)
  const digests = await digestLists.prove(caller, key, request.digests)
  const stored = await findStored(store, key.key, size, signal)
  if (stored) {
    await storeDigests(store, key, digests, signal)
    // Perhaps its own upload, completed by a signer that ended before it emitted the event.
    if (uploadId !== undefined) emit(created(caller, key, size))
    return { status: 'stored', ...stored, ...(await receiptOf(key.key, size)) }
  }
  if (uploadId !== undefined) {
    const parts = await listParts(store, key.key, uploadId, signal)
    if (parts) {
      const uploaded = parts
        .filter((part) => problemOfPart(part, size, digests, hashing) === undefined)
        .map(({ number }) => number)
      return { uploadId, partSize: hashing.partSize, uploaded }
    }
  }
  await requireRoom(caller, key, size)
  return {
    uploadId: await store.multipart.start(key.key, { type: safeType(type), signal }),
    partSize: hashing.partSize,
    uploaded: [],
  }
}

/** Presigned PUTs of single parts. */
export const signParts = async (
  { store, access, hashing, digestLists }: SignerServices,
  caller: Caller,
  request: MultipartPartsRequest,
): Promise<MultipartParts> => {
  const { size, uploadId } = request
  const key = await access.permit(caller, 'write', request.key, { size })
  checkBucket(key, size)
  const digests =
    request.digests === undefined
      ? digestLists.recall(caller, key)
      : await digestLists.prove(caller, key, request.digests)
  if (digests === undefined) return { status: 'digests_needed' }

  const signed = await Promise.all(
    request.numbers.map(async (number) => {
      const { start, end } = partRange(size, number, hashing)
      const sha256 = digestOfPart(digests, number)
      return {
        number,
        ...(await store.multipart.signPart({
          key: key.key,
          uploadId,
          number,
          size: end - start,
          sha256,
          expiresIn: UPLOAD_SECONDS,
        })),
      }
    }),
  )
  return {
    parts: signed.map(({ number, url, headers }) => ({ number, url, headers })),
    expiresAt: Math.min(...signed.map(({ expiresAt }) => expiresAt)),
  }
}

/** Completes the upload if exactly the right parts are there. Idempotent. */
export const completeMultipart = async (
  { store, access, hashing, receiptOf, emit }: SignerServices,
  caller: Caller,
  request: MultipartCompleteRequest,
  signal: AbortSignal,
): Promise<StoredContent> => {
  const { size, uploadId } = request
  const key = await access.permit(caller, 'write', request.key, { size })
  checkBucket(key, size)
  const digests = await verifyDigests(key.address, request.digests, hashing)
  const stored = await assembleParts(store, hashing, key, { size, uploadId, digests }, signal)
  // Emitted even if it existed: the signer that completed it may have ended before it emitted the event.
  emit(created(caller, key, size))
  return { ...stored, ...(await receiptOf(key.key, size)) }
}

const assembleParts = async (
  store: ObjectStore,
  hashing: Hashing,
  key: ResolvedKey,
  { size, uploadId, digests }: { size: number; uploadId: string; digests: Uint8Array<ArrayBuffer> },
  signal: AbortSignal,
): Promise<StoredContent> => {
  const stored = await findStored(store, key.key, size, signal)
  if (stored) {
    // Stored by this upload or by another one of the same bytes. Never replaced: its type and version stay.
    await storeDigests(store, key, digests, signal)
    await store.multipart.abort(key.key, uploadId, { signal })
    return stored
  }
  const parts = await listParts(store, key.key, uploadId, signal)
  if (!parts) return completedBefore(store, key, size, digests, signal)
  const problem = problemOfParts(parts, size, digests, hashing)
  if (problem !== undefined) throw httpError('conflict', problem)

  // First, so that the content never exists without its digest list.
  await storeDigests(store, key, digests, signal)
  try {
    const { durable, etag, versionId } = await store.multipart.complete(key.key, uploadId, parts, { signal })
    return { durable, etag, ...(versionId !== undefined && { versionId }) }
  } catch (error) {
    // A concurrent complete was faster, perhaps at another signer.
    if (isObjectStoreError(error, 'upload_not_found')) return completedBefore(store, key, size, digests, signal)
    throw error
  }
}

/** Aborts an upload and deletes its parts. */
export const abortMultipart = async (
  { store, access }: SignerServices,
  caller: Caller,
  { key: text, uploadId }: MultipartAbortRequest,
  signal: AbortSignal,
): Promise<void> => {
  const key = await access.permit(caller, 'write', text)
  await store.multipart.abort(key.key, uploadId, { signal })
}

/**
 * Why these parts are not the content, as a sentence; undefined when they are. Another split of the same bytes has
 * another address, so lengths count. Digests were enforced at the upload, and are compared where the store returns them.
 */
export const problemOfParts = (
  parts: readonly UploadedPart[],
  size: number,
  digests: Uint8Array<ArrayBuffer>,
  hashing: Pick<Hashing, 'partSize'>,
): string | undefined => {
  const there = new Set(parts.map(({ number }) => number))
  const wanted = Array.from({ length: digests.length / 32 }, (_, i) => i + 1)
  const missing = wanted.filter((number) => !there.has(number))
  const wrong = parts
    .filter((part) => problemOfPart(part, size, digests, hashing) !== undefined)
    .map(({ number }) => number)
  if (missing.length === 0 && wrong.length === 0) return undefined
  return `Send these parts, then complete again: ${listNumbers([...missing, ...wrong].sort((a, b) => a - b))}.`
}

const problemOfPart = (
  part: UploadedPart,
  size: number,
  digests: Uint8Array<ArrayBuffer>,
  hashing: Pick<Hashing, 'partSize'>,
): string | undefined => {
  const { number, sha256 } = part
  if (number < 1 || number * 32 > digests.length) return 'number'
  const { start, end } = partRange(size, number, hashing)
  if (part.size !== end - start) return 'length'
  return sha256 !== undefined && !equalBytes(sha256, digestOfPart(digests, number)) ? 'digest' : undefined
}

/** The first hundred numbers, as text. */
const listNumbers = (numbers: readonly number[]): string =>
  numbers.slice(0, 100).join(', ') + (numbers.length > 100 ? ` and ${numbers.length - 100} more` : '')

const listParts = async (store: ObjectStore, key: string, uploadId: string, signal: AbortSignal) => {
  try {
    return await store.multipart.listParts(key, uploadId, { signal })
  } catch (error) {
    if (isObjectStoreError(error, 'upload_not_found')) return undefined
    throw error
  }
}

const completedBefore = async (
  store: ObjectStore,
  key: ResolvedKey,
  size: number,
  digests: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<StoredContent> => {
  const stored = await findStored(store, key.key, size, signal)
  if (!stored) throw httpError('not_found', 'There is no such upload. Start again with /multipart.')
  await storeDigests(store, key, digests, signal)
  return stored
}

/** Writes `<key>.parts`, once. */
const storeDigests = async (
  store: ObjectStore,
  key: ResolvedKey,
  digests: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
) => {
  const at = partsKey(key.key)
  const sha256 = fromHex(key.address.slice(0, 64))
  try {
    await store.put(at, digests, { size: digests.length, sha256, ifNoneMatch: '*', signal })
  } catch (error) {
    if (!isObjectStoreError(error, 'precondition_failed')) throw error
  }
}
