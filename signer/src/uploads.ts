/** `/upload-url`: a presigned PUT for content of one part, unless it is stored already. */
import { isObjectStoreError, type ObjectStore, type PutOptions } from '@rockpool/object-store'
import { fromHex, safeType, type StoredContent, type UploadUrl, type UploadUrlRequest } from '@rockpool/protocol'
import { checkBucket } from './content.ts'
import { httpError } from './errors.ts'
import { created } from './hooks.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import type { SignerServices } from './services.ts'

/** Lifetime of a presigned PUT in seconds: long enough for 8 MiB at 30 kB/s. */
export const UPLOAD_SECONDS = 300

export const uploadUrl = async (
  services: SignerServices,
  caller: Caller,
  { key: text, size, type, sent }: UploadUrlRequest,
  signal: AbortSignal,
): Promise<UploadUrl> => {
  const key = await services.access.permit(caller, 'write', text, { size, type })
  checkBucket(key, size, type)
  return signUpload(services, caller, { key, size, type, sent }, signal)
}

interface Upload extends Pick<UploadUrlRequest, 'size' | 'type'> {
  readonly key: ResolvedKey
  /** whether the client has sent it, by an earlier URL */
  readonly sent?: boolean | undefined
}

/** The presigned PUT of content that the caller may write, unless it is stored already. */
export const signUpload = async (
  { store, confirmUploads, receiptOf, emit, requireRoom }: SignerServices,
  caller: Caller,
  { key, size, type, sent }: Upload,
  signal: AbortSignal,
): Promise<UploadUrl> => {
  const stored = await findStored(store, key.key, size, signal)
  // The empty file is stored by the signer itself: an earlier response may have been lost before its event.
  if (stored && (sent || size === 0)) emit(created(caller, key, size))
  if (stored) return { status: 'stored', ...stored, ...(await receiptOf(key.key, size)) }
  await requireRoom(caller, key, size)
  const content = { size, type: safeType(type), sha256: fromHex(key.address) }
  if (size === 0) {
    const written = await storeEmpty(store, key.key, content, signal)
    emit(created(caller, key, size))
    return { status: 'stored', ...written, ...(await receiptOf(key.key, size)) }
  }
  return {
    status: 'put',
    ...(await store.signPut({ key: key.key, ...content, expiresIn: UPLOAD_SECONDS })),
    ...(confirmUploads && { confirm: true }),
  }
}

/**
 * The signer stores the empty file itself. A signed PUT binds only the headers that were signed, and of a PUT without a
 * body Ceph makes a copy of any object that a header beside them names, `x-amz-copy-source`.
 */
const storeEmpty = async (
  store: ObjectStore,
  key: string,
  content: Pick<PutOptions, 'size' | 'type' | 'sha256'>,
  signal: AbortSignal,
): Promise<StoredContent> => {
  try {
    return await store.put(key, new Uint8Array(), { ...content, ifNoneMatch: '*', signal })
  } catch (error) {
    // A concurrent request was faster.
    const stored = isObjectStoreError(error, 'precondition_failed') && (await findStored(store, key, 0, signal))
    if (stored) return stored
    throw error
  }
}

/** The content, if the object store has it whole. Only for users who may write it: others must not probe. */
export const findStored = async (
  store: ObjectStore,
  key: string,
  size: number,
  signal: AbortSignal,
): Promise<StoredContent | undefined> => {
  const info = await store.head(key, { signal }).catch((error: unknown) => {
    if (isObjectStoreError(error, 'not_found')) return undefined
    // A hybrid store whose S3 side is down accepts the upload: at worst the content is sent twice.
    if (store.mode === 'hybrid' && isObjectStoreError(error, 'unavailable')) return undefined
    throw error
  })
  if (!info) return undefined
  // Verified objects have the size of their address: another size was not stored through this signer.
  if (info.size !== size) {
    throw httpError(
      'conflict',
      `The object store holds ${info.size} bytes under this key, not ${size}. Ask its operator.`,
    )
  }
  const { durable, etag, versionId } = info
  return { durable, etag, ...(versionId !== undefined && { versionId }) }
}
