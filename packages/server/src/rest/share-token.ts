/** The tokens of `/object/sign`: each lets its holder read one file until it expires. Pure. */
import { Buffer } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isStoreId, type RemoteKey, RockpoolError, type StoreId } from '@rockpool/protocol'
import type { ObjectPlace } from './route.ts'

export interface Share extends ObjectPlace {
  readonly storeId: StoreId
  readonly fileId: string
  /** unix ms */
  readonly expires: number
  /** only this content of the file, but also while it is held: for who checks it */
  readonly held?: RemoteKey
}

/** `<base64url of [storeId, fileId, held]>.<MAC>`: bucket, path and expiry are in the URL, and the MAC covers them, too. */
export const shareToken = (secret: string, share: Share): string => {
  const payload = Buffer.from(JSON.stringify([share.storeId, share.fileId, share.held])).toString('base64url')
  return `${payload}.${macOf(secret, payload, share).toString('base64url')}`
}

/**
 * What a token gives.
 *
 * @param secrets the current one first; URLs of all are taken
 * @param expires as the URL has it
 * @param now unix ms
 * @throws RockpoolError `forbidden` for a token that this server did not sign for this URL, or that has expired
 */
export const readShareToken = (
  secrets: readonly string[],
  token: string,
  { bucket, path, expires }: ObjectPlace & { readonly expires: string },
  now: number,
): Share => {
  const [payload = '', mac = ''] = token.split('.')
  const given = Buffer.from(mac, 'base64url')
  const signed = { bucket, path, expires: Number(expires) }
  const isGenuine = secrets.some((secret) => {
    const own = macOf(secret, payload, signed)
    return given.length === own.length && timingSafeEqual(given, own)
  })
  if (!isGenuine || !/^\d{1,16}$/.test(expires)) {
    throw new RockpoolError('forbidden', 'This URL is not signed for this file. Ask for a new one.')
  }
  if (signed.expires <= now) throw new RockpoolError('forbidden', 'This URL has expired. Ask for a new one.')
  const [storeId, fileId, held] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as SignedFields
  if (!isStoreId(storeId)) throw new RockpoolError('forbidden', 'This URL names no store. Ask for a new one.')
  return { ...signed, storeId, fileId, ...(held && { held }) }
}

/** JSON has null for a `held` that is not set. */
type SignedFields = readonly [storeId: string, fileId: string, held?: RemoteKey | null]

/** The first line keeps these MACs apart from those of receipts and signed URLs, which the same secret may make. */
const macOf = (
  secret: string,
  payload: string,
  { bucket, path, expires }: Pick<Share, 'bucket' | 'path' | 'expires'>,
): Buffer =>
  createHmac('sha256', secret).update(`rockpool share v1\n${payload}\n${expires}\n${bucket}\n${path}`).digest()
