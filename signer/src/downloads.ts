/** `/download-url` and `/public/<key>`: presigned GETs. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import {
  addressFits,
  addressParts,
  contentDisposition,
  type DownloadUrl,
  type DownloadUrlRequest,
  isPassiveType,
  OCTET_STREAM,
  partsKey,
  typeAllowed,
} from '@rockpool/protocol'
import { httpError } from './errors.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import type { SignerServices } from './services.ts'
import { objectsOf } from './stored-content.ts'

/** Default lifetime of a presigned GET, in seconds. */
export const DOWNLOAD_SECONDS = 60

export const downloadUrl = async (
  { store, access, hashing, longestShare, receiptOf }: SignerServices,
  caller: Caller,
  request: DownloadUrlRequest,
  // Passed as the request, not as its signal: on Node, reading `signal` creates a whole Request.
  from: { readonly signal: AbortSignal },
): Promise<DownloadUrl> => {
  const { key: text, expiresIn = DOWNLOAD_SECONDS } = request
  const key = await access.permit(caller, 'read', text)
  if (expiresIn > longestShare) {
    throw httpError('bad_request', `A URL can be asked for 1 to ${longestShare} seconds.`)
  }
  const size = request.check ? await requireStored(store, key, from.signal) : undefined
  // An object of another size was not stored through this signer.
  const receipt = size !== undefined && addressFits(key.address, size, hashing) ? await receiptOf(key.key, size) : {}
  const { url, expiresAt } = await store.signGet({ key: key.key, expiresIn, ...presentation(key, request) })
  if (addressParts(key.address) === 1) return { url, expiresAt, ...receipt }
  const { url: partsUrl } = await store.signGet({ key: partsKey(key.key), expiresIn })
  return { url, partsUrl, expiresAt, ...receipt }
}

/** The size of the content. @throws RockpoolError `not_found` unless the object store has it whole */
const requireStored = async (store: ObjectStore, { key }: ResolvedKey, signal: AbortSignal): Promise<number> => {
  // The client may evict its copy because of this response, and content without its digest list is unreadable.
  const [content] = await Promise.all(objectsOf(key).map((name) => store.head(name, { signal }))).catch(
    (error: unknown) => {
      if (isObjectStoreError(error, 'not_found'))
        throw httpError('not_found', 'The object store does not have this content.')
      throw error
    },
  )
  return content!.size
}

/** The URL at which anyone can read content of a public bucket. */
export const publicUrl = async (
  { store, access, cdnBaseUrl }: SignerServices,
  text: string,
  type: string | undefined,
  address: string,
): Promise<{ readonly key: ResolvedKey; readonly url: string }> => {
  const key = await access.permitPublic(text, address)
  if (cdnBaseUrl !== undefined) return { key, url: `${cdnBaseUrl}/${key.key}` }
  const { url } = await store.signGet({
    key: key.key,
    expiresIn: DOWNLOAD_SECONDS,
    ...presentation(key, type === undefined ? {} : { type }),
  })
  return { key, url }
}

/**
 * Content-Type and Content-Disposition of the download. The record's type counts if it is passive and the bucket allows it:
 * the first uploader of the same bytes may have named another type. Active types are attachments.
 */
const presentation = (
  { rules }: ResolvedKey,
  { type: asked, disposition, name }: Pick<DownloadUrlRequest, 'type' | 'disposition' | 'name'>,
): { readonly responseType?: string; readonly responseDisposition?: string } => {
  // livestore-filesync stored active types, too: such content is served only with the record's type.
  const type = asked ?? (rules ? undefined : OCTET_STREAM)
  const shown =
    type === undefined ? undefined : isPassiveType(type) && typeAllowed(type, rules?.types) ? type : OCTET_STREAM
  // Always set for a known type: otherwise S3 returns whatever the uploader stored.
  const how =
    shown === OCTET_STREAM ? 'attachment' : (disposition ?? ((shown ?? name) === undefined ? undefined : 'inline'))
  return {
    ...(shown !== undefined && { responseType: shown }),
    ...(how !== undefined && { responseDisposition: contentDisposition(how, name) }),
  }
}
