/** `GET /storage/v1/object/{bucket}/{path}`, and the same by a signed URL. */
import { requireReleased } from '@rockpool/access'
import { serveObject } from '@rockpool/object-store'
import {
  type BucketRules,
  contentDisposition,
  isPassiveType,
  OCTET_STREAM,
  RockpoolError,
  type StoreId,
} from '@rockpool/protocol'
import type { StoredFile } from '@rockpool/sync-server'
import { REST_PATH } from '../serve/route.ts'
import { type Caller, requireBucket, requireReader, requireUser, STORE_HEADER } from './caller.ts'
import { reportFault } from './errors.ts'
import { findFile, requireFile, withContent } from './file-at.ts'
import type { ObjectPlace } from './route.ts'
import type { RestServices } from './services.ts'
import { readShareToken, type Share, shareToken } from './share-token.ts'

/** @throws RockpoolError `unauthenticated`, `forbidden`, `not_found` */
export const readObject = async (
  services: RestServices,
  caller: Caller,
  place: ObjectPlace,
  request: Request,
): Promise<Response> => {
  const rules = requireBucket(await services.storeBuckets.bucketsOf(caller.storeId, place.bucket), place.bucket)
  requireReader(caller, rules)
  if (rules.access === 'public') await requireLog(services, caller.storeId, place)
  const { readModel } = await services.logs.open(caller.storeId)
  const file = requireFile(await findFile(readModel, rules, place, caller.user), place)
  await requireReadable(services, rules, file)
  const response = await respondFile(services, file, request)
  // A path has another content after the next POST. A shared cache must not give it to someone with another token.
  response.headers.set('cache-control', rules.access === 'public' ? 'public, no-cache' : 'private, no-cache')
  response.headers.append('vary', `Authorization, ${STORE_HEADER}`)
  return response
}

/** A reader of a public bucket may name any store: opening the log of one that does not exist would create it. */
const requireLog = async ({ logs }: RestServices, storeId: StoreId, place: ObjectPlace): Promise<void> => {
  const stores = await logs.storeIds?.()
  if (stores && !stores.includes(storeId)) requireFile(undefined, place)
}

export interface SignedUrl {
  readonly url: string
  /** ISO 8601 */
  readonly expires_at: string
}

const DEFAULT_SHARE_SECONDS = 3_600

/**
 * A URL by which someone without an account reads the file.
 *
 * @param expiresIn seconds, as the query has it
 * @throws RockpoolError `unauthenticated`, `forbidden`, `not_found`, `bad_request`
 */
export const signObject = async (
  services: RestServices,
  caller: Caller,
  place: ObjectPlace,
  expiresIn: string | null,
): Promise<SignedUrl> => {
  const { logs, shareSecrets, maxShareSeconds, now } = services
  const rules = requireBucket(await services.storeBuckets.bucketsOf(caller.storeId, place.bucket), place.bucket)
  const user = requireUser(caller, 'read')
  const [secret] = shareSecrets
  if (secret === undefined) {
    throw new RockpoolError('forbidden', 'This server signs no URLs: its operator has to set ROCKPOOL_RECEIPT_SECRET.')
  }
  const seconds = expiresIn === null ? Math.min(DEFAULT_SHARE_SECONDS, maxShareSeconds) : Number(expiresIn)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > maxShareSeconds) {
    throw new RockpoolError('bad_request', `"expires_in" has to be an integer from 1 to ${maxShareSeconds}.`)
  }
  const { readModel } = await logs.open(caller.storeId)
  const file = requireFile(await findFile(readModel, rules, place, user), place)
  await requireReadable(services, rules, file)
  return signUrl(services, secret, {
    ...place,
    storeId: caller.storeId,
    fileId: file.id,
    expires: now() + seconds * 1_000,
  })
}

export const signUrl = ({ publicUrl }: Pick<RestServices, 'publicUrl'>, secret: string, share: Share): SignedUrl => {
  const path = share.path.split('/').map(encodeURIComponent).join('/')
  const query = new URLSearchParams({ token: shareToken(secret, share), expires: String(share.expires) })
  return {
    url: `${publicUrl}${REST_PATH}/object/sign/${share.bucket}/${path}?${query}`,
    expires_at: new Date(share.expires).toISOString(),
  }
}

/** Seconds that a webhook may take to read what it checks. */
const HELD_SECONDS = 3_600

/** URLs for a webhook that checks held content: they read this content of the file, and nothing else. */
export const heldUrls =
  ([secret]: readonly string[], publicUrl: string, now: () => number) =>
  (storeId: StoreId, { id, bucket, path = id, remoteKey }: StoredFile): string | undefined => {
    if (secret === undefined) return undefined
    const expires = now() + HELD_SECONDS * 1_000
    return signUrl({ publicUrl }, secret, { storeId, fileId: id, bucket, path, expires, held: remoteKey }).url
  }

/** @throws RockpoolError `forbidden` for a URL that is not ours or has expired, `not_found` when the file is gone */
export const readSigned = async (
  services: RestServices,
  place: ObjectPlace,
  query: URLSearchParams,
  request: Request,
): Promise<Response> => {
  const { logs, storeBuckets, shareSecrets, now } = services
  const signed = { ...place, expires: query.get('expires') ?? '' }
  const { storeId, fileId, held } = readShareToken(shareSecrets, query.get('token') ?? '', signed, now())
  const rules = requireBucket(await storeBuckets.bucketsOf(storeId, place.bucket), place.bucket)
  const { readModel } = await logs.open(storeId)
  const found = await readModel.file(fileId)
  const isSigned = found && found.deletedAt === null && found.bucket === place.bucket
  const signedFile = isSigned ? found : undefined
  const file = requireFile(
    signedFile && held ? await withContent(readModel, signedFile, (key) => key === held) : signedFile,
    place,
  )
  if (held === undefined) await requireReadable(services, rules, file)
  const response = await respondFile(services, file, request)
  response.headers.set('cache-control', 'private, no-cache')
  return response
}

/** @throws RockpoolError `held`, `forbidden` */
const requireReadable = async (
  { holds }: RestServices,
  { hold }: BucketRules,
  { remoteKey }: StoredFile,
): Promise<void> => {
  if (hold) requireReleased(await holds.stateOf(remoteKey))
}

/** Types that could run are downloads, as with the URLs of the signer. */
const respondFile = (services: RestServices, file: StoredFile, request: Request): Promise<Response> => {
  const isPassive = isPassiveType(file.type)
  const grant = {
    method: 'GET',
    key: file.remoteKey,
    responseType: isPassive ? file.type : OCTET_STREAM,
    responseDisposition: contentDisposition(isPassive ? 'inline' : 'attachment', file.name),
  } as const
  // It makes a response of each error, so that none reaches the handler.
  return serveObject(services.store, request, grant, { onError: (error) => reportFault(services, request, error) })
}
