/**
 * Signed, expiring URLs of the `local` and `hybrid` stores. The signer serves them under `<publicBaseUrl>/objects/<key>`.
 * The HMAC covers method, key, every query parameter and so the exact length, type, digest and expiry.
 */
import { Buffer } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { fromHex, RockpoolError, toHex } from '@rockpool/protocol'

/** What one signed URL allows. `GET` allows HEAD too. */
export type ObjectGrant = GetGrant | PutGrant | PartGrant

export interface GetGrant {
  readonly method: 'GET'
  readonly key: string
  readonly responseType?: string
  readonly responseDisposition?: string
}

export interface PutGrant {
  readonly method: 'PUT'
  readonly key: string
  /** bytes */
  readonly size: number
  readonly type: string
  /** 32 bytes */
  readonly sha256: Uint8Array<ArrayBuffer>
}

export interface PartGrant {
  readonly method: 'PUT'
  readonly key: string
  readonly uploadId: string
  /** 1 to 10,000 */
  readonly number: number
  readonly size: number
  readonly sha256: Uint8Array<ArrayBuffer>
}

/** Signs a grant until `expiresAt` (unix ms). `baseUrl` has no query; a slash at its end makes no difference. */
export const signLocalUrl = async (
  secret: string,
  baseUrl: string,
  grant: ObjectGrant,
  expiresAt: number,
): Promise<string> => {
  const query = toQuery(grant, expiresAt)
  query.set('signature', signatureOf(secret, grant.method, grant.key, query).toString('hex'))
  const path = grant.key.split('/').map(encodeURIComponent).join('/')
  return `${baseUrl.replace(/\/+$/, '')}/objects/${path}?${query}`
}

/**
 * What a signed URL allows, if its signature is ours and it has not expired.
 *
 * @param request `key` is the decoded path behind `/objects/`; `method` GET, HEAD or PUT; `now` in unix ms
 * @throws RockpoolError `forbidden`
 */
export const verifyLocalUrl = async (
  secret: string,
  request: { readonly method: string; readonly key: string; readonly query: URLSearchParams; readonly now: number },
): Promise<ObjectGrant> => {
  const query = new URLSearchParams(request.query)
  const signature = query.get('signature') ?? ''
  query.delete('signature')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const genuine =
    /^[0-9a-f]{64}$/.test(signature) &&
    timingSafeEqual(fromHex(signature), signatureOf(secret, method, request.key, query))
  if (!genuine) throw new RockpoolError('forbidden', 'This URL is not signed for this request. Request a new one.')
  if (!(Number(query.get('expires')) > request.now)) {
    throw new RockpoolError('forbidden', 'This URL has expired. Request a new one.')
  }
  return fromQuery(method, request.key, query)
}

const toQuery = (grant: ObjectGrant, expiresAt: number): URLSearchParams => {
  const query = new URLSearchParams({ expires: String(expiresAt) })
  if (grant.method === 'GET') {
    if (grant.responseType !== undefined) query.set('response-content-type', grant.responseType)
    if (grant.responseDisposition !== undefined) query.set('response-content-disposition', grant.responseDisposition)
    return query
  }
  query.set('size', String(grant.size))
  query.set('sha256', toHex(grant.sha256))
  if ('uploadId' in grant) {
    query.set('uploadId', grant.uploadId)
    query.set('partNumber', String(grant.number))
  } else query.set('type', grant.type)
  return query
}

/** The reverse of {@link toQuery}, of a query that we signed ourselves. */
const fromQuery = (method: string, key: string, query: URLSearchParams): ObjectGrant => {
  if (method === 'GET') {
    const responseType = query.get('response-content-type')
    const responseDisposition = query.get('response-content-disposition')
    return {
      method: 'GET',
      key,
      ...(responseType === null ? {} : { responseType }),
      ...(responseDisposition === null ? {} : { responseDisposition }),
    }
  }
  const bytes = { size: Number(query.get('size')), sha256: fromHex(query.get('sha256') ?? '') }
  const uploadId = query.get('uploadId')
  return uploadId === null
    ? { method: 'PUT', key, ...bytes, type: query.get('type') ?? '' }
    : { method: 'PUT', key, ...bytes, uploadId, number: Number(query.get('partNumber')) }
}

/** One line each; neither method nor a serialized query can hold a line break, so no two requests look the same. */
const canonical = (method: string, key: string, query: URLSearchParams): Uint8Array<ArrayBuffer> => {
  const sorted = new URLSearchParams(query)
  sorted.sort()
  return new TextEncoder().encode(`${method}\n${sorted}\n${key}`)
}

/** By node:crypto, which Workers have too: the round trip of WebCrypto to its thread costs more than all else in a request. */
const signatureOf = (secret: string, method: string, key: string, query: URLSearchParams): Buffer => {
  if (secret === '') throw new RockpoolError('bad_request', 'The secret for signed URLs is empty. Give a random one.')
  return createHmac('sha256', secret)
    .update(canonical(method, key, query))
    .digest()
}
