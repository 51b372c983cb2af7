/** `GET /storage/v1/object/{bucket}/{path}`, and the same by a signed URL. */
import { serveObject } from '@rockpool/object-store'
import { isPassiveType, OCTET_STREAM, RockpoolError, type StoreId } from '@rockpool/protocol'
import { contentDisposition } from '@rockpool/signer'
import type { StoredFile } from '@rockpool/sync-server'
import { REST_PATH } from '../serve/route.ts'
import { type Caller, requireBucket, requireReader, requireUser, STORE_HEADER } from './caller.ts'
import { reportFault } from './errors.ts'
import { findFile, requireFile } from './file-at.ts'
import type { ObjectPlace } from './route.ts'
import type { RestServices } from './services.ts'
import { readShareToken, shareToken } from './share-token.ts'

/** @throws RockpoolError `unauthenticated`, `forbidden`, `not_found` */
export const readObject = async (
  services: RestServices,
  caller: Caller,
  place: ObjectPlace,
  request: Request,
): Promise<Response> => {
  const rules = requireBucket(services.buckets, place.bucket)
  requireReader(caller, rules)
  if (rules.access === 'public') await requireLog(services, caller.storeId, place)
  const { readModel } = await services.logs.open(caller.storeId)
  const file = requireFile(await findFile(readModel, rules, place, caller.user), place)
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
  { buckets, logs, shareSecrets, maxShareSeconds, publicUrl, now }: RestServices,
  caller: Caller,
  place: ObjectPlace,
  expiresIn: string | null,
): Promise<SignedUrl> => {
  const rules = requireBucket(buckets, place.bucket)
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
  const expires = now() + seconds * 1_000
  const token = shareToken(secret, { ...place, storeId: caller.storeId, fileId: file.id, expires })
  const path = place.path.split('/').map(encodeURIComponent).join('/')
  const query = new URLSearchParams({ token, expires: String(expires) })
  return {
    url: `${publicUrl}${REST_PATH}/object/sign/${place.bucket}/${path}?${query}`,
    expires_at: new Date(expires).toISOString(),
  }
}

/** @throws RockpoolError `forbidden` for a URL that is not ours or has expired, `not_found` when the file is gone */
export const readSigned = async (
  services: RestServices,
  place: ObjectPlace,
  query: URLSearchParams,
  request: Request,
): Promise<Response> => {
  const { logs, buckets, shareSecrets, now } = services
  const signed = { ...place, expires: query.get('expires') ?? '' }
  const { storeId, fileId } = readShareToken(shareSecrets, query.get('token') ?? '', signed, now())
  requireBucket(buckets, place.bucket)
  const { readModel } = await logs.open(storeId)
  const file = await readModel.file(fileId)
  const isLive = file && file.deletedAt === null && file.bucket === place.bucket
  const response = await respondFile(services, requireFile(isLive ? file : undefined, place), request)
  response.headers.set('cache-control', 'private, no-cache')
  return response
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
