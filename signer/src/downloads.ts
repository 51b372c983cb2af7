/** `/download-url` and `/public/<key>`: presigned GETs. */
import { isObjectStoreError, type ObjectStore } from '@rockpool/object-store'
import {
  addressFits,
  addressParts,
  type DownloadUrl,
  type DownloadUrlRequest,
  isPassiveType,
  OCTET_STREAM,
  typeAllowed,
} from '@rockpool/protocol'
import { refusal } from './errors.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import type { SignerServices } from './services.ts'
import { objectsOf, partsKey } from './stored-content.ts'

/** Seconds that a presigned GET works unless asked for longer. */
export const DOWNLOAD_SECONDS = 60

export const downloadUrl = async (
  { store, access, hashing, longestShare, receiptOf }: SignerServices,
  caller: Caller,
  request: DownloadUrlRequest,
  // Not the signal itself: the Node server makes a whole Request of its own to have one.
  from: { readonly signal: AbortSignal },
): Promise<DownloadUrl> => {
  const { key: text, expiresIn = DOWNLOAD_SECONDS } = request
  const key = await access.permit(caller, 'read', text)
  if (expiresIn > longestShare) {
    throw refusal('bad_request', `A URL can be asked for 1 to ${longestShare} seconds.`)
  }
  const size = request.check ? await requireStored(store, key, from.signal) : undefined
  // Of another size it is not the content: it was put there past the signer.
  const receipt = size !== undefined && addressFits(key.address, size, hashing) ? await receiptOf(key.key, size) : {}
  const { url, expiresAt } = await store.signGet({ key: key.key, expiresIn, ...presentation(key, request) })
  if (addressParts(key.address) === 1) return { url, expiresAt, ...receipt }
  const { url: partsUrl } = await store.signGet({ key: partsKey(key.key), expiresIn })
  return { url, partsUrl, expiresAt, ...receipt }
}

/** The size of the content. @throws RockpoolError `not_found` unless the object store has it whole */
const requireStored = async (store: ObjectStore, { key }: ResolvedKey, signal: AbortSignal): Promise<number> => {
  // Whoever asks may evict their copy then: without its digest list the content is of no use to anybody.
  const [content] = await Promise.all(objectsOf(key).map((name) => store.head(name, { signal }))).catch(
    (error: unknown) => {
      if (isObjectStoreError(error, 'not_found'))
        throw refusal('not_found', 'The object store does not have this content.')
      throw error
    },
  )
  return content!.size
}

/** Where anybody reads a content of a public bucket. */
export const publicUrl = async (
  { store, access, cdnBaseUrl }: SignerServices,
  text: string,
  type: string | undefined,
  address: string,
): Promise<{ readonly key: ResolvedKey; readonly url: string }> => {
  const key = access.permitPublic(text, address)
  if (cdnBaseUrl !== undefined) return { key, url: `${cdnBaseUrl}/${key.key}` }
  const { url } = await store.signGet({
    key: key.key,
    expiresIn: DOWNLOAD_SECONDS,
    ...presentation(key, type === undefined ? {} : { type }),
  })
  return { key, url }
}

/**
 * How the answer presents itself. The record's type counts if it is passive and the bucket allows it: the first uploader
 * of the same bytes may have called them something else. Everything that could run is an attachment.
 */
const presentation = (
  { rules }: ResolvedKey,
  { type: asked, disposition, name }: Pick<DownloadUrlRequest, 'type' | 'disposition' | 'name'>,
): { readonly responseType?: string; readonly responseDisposition?: string } => {
  // What livestore-filesync stored has any type, active ones too: it is shown only as what a record calls it.
  const type = asked ?? (rules ? undefined : OCTET_STREAM)
  const shown =
    type === undefined ? undefined : isPassiveType(type) && typeAllowed(type, rules?.types) ? type : OCTET_STREAM
  // Always said of a known type: else S3 answers what the uploader may have had it keep.
  const how =
    shown === OCTET_STREAM ? 'attachment' : (disposition ?? ((shown ?? name) === undefined ? undefined : 'inline'))
  return {
    ...(shown !== undefined && { responseType: shown }),
    ...(how !== undefined && { responseDisposition: contentDisposition(how, name) }),
  }
}

/** A Content-Disposition header (RFC 6266): the name in ASCII for old clients, and in full (RFC 8187). */
export const contentDisposition = (how: 'inline' | 'attachment', name: string | undefined): string => {
  const clean = name
    ?.toWellFormed()
    .replace(/[\p{Cc}/\\]/gu, '_')
    .slice(0, 255)
  if (!clean) return how
  const ascii = clean.replace(/[^\x20-\x7e]|[%"]/g, '_')
  const full = encodeURIComponent(clean.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${how}; filename="${ascii}"; filename*=UTF-8''${full}`
}
