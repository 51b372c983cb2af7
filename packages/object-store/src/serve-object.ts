/** The HTTP data plane of `local` and `hybrid`: serves one authorized request on one object. */
import {
  contentSecurityPolicy,
  effectiveRange,
  formatContentRange,
  isNotModified,
  isPassiveType,
  parseRange,
  parseRemoteKey,
  type RockpoolError,
  safeType,
  servedType,
  type Validators,
  validatorHeaders,
  WIRE_ERRORS,
} from '@rockpool/protocol'
import { isObjectStoreError, ObjectStoreError, toWireError } from './errors.ts'
import type { ObjectInfo, ObjectRead, ObjectStore } from './object-store.ts'
import type { GetGrant, ObjectGrant, PartGrant, PutGrant } from './signed-url.ts'

/**
 * Serves GET, HEAD or PUT as the grant allows. The grant is from `verifyLocalUrl`, or made by the caller after its own check of
 * rights. Errors become `{ error: { code, message } }`, with 412 for a second write (as S3 does) and 416 for ranges.
 *
 * @param options.onError called with an error before the error response, for the operator's log
 * @param options.signal replaces the request's own signal. Do not wrap the Request to change its signal: Node loses the
 *   signal of a wrapped Request when it collects garbage
 */
export const serveObject = async (
  store: ObjectStore,
  request: Request,
  grant: ObjectGrant,
  options: { readonly onError?: (error: unknown) => void; readonly signal?: AbortSignal } = {},
): Promise<Response> => {
  const signal = options.signal ?? request.signal
  try {
    if (grant.method === 'GET') return await serveGet(store, request, grant, signal)
    if ('uploadId' in grant) return await servePart(store, request, grant, signal)
    return await servePut(store, request, grant, signal)
  } catch (error) {
    options.onError?.(error)
    // An unread body would block the connection.
    await request.body?.cancel().catch(() => {})
    return errorResponse(error)
  }
}

/** Headers that keep served files from running in the app's origin (signer contract, `/objects`). */
const safety = (type: string): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  'content-security-policy': contentSecurityPolicy(type),
  'cross-origin-resource-policy': 'cross-origin',
})

const serveGet = async (
  store: ObjectStore,
  request: Request,
  grant: GetGrant,
  signal: AbortSignal,
): Promise<Response> => {
  if (request.method === 'HEAD') {
    const info = await store.head(grant.key, { signal })
    return new Response(null, { headers: { ...objectHeaders(info, grant), 'content-length': String(info.size) } })
  }
  let rangeHeader = request.headers.get('range')
  if (CONDITIONS.some((name) => request.headers.has(name))) {
    const info = await store.head(grant.key, { signal })
    const validators = validatorsOf(info, grant)
    if (isNotModified(request.headers, validators)) {
      return new Response(null, { status: 304, headers: objectHeaders(info, grant) })
    }
    rangeHeader = effectiveRange(request.headers, validators)
  }
  const range = parseRange(rangeHeader)
  let read: ObjectRead
  try {
    read = await store.get(grant.key, range === undefined ? { signal } : { range, signal })
  } catch (error) {
    if (!isObjectStoreError(error, 'range_not_satisfiable')) throw error
    const { size } = await store.head(grant.key, { signal })
    return errorBody(416, 'bad_request', error.message, { 'content-range': `bytes */${size}` })
  }
  const { info, span, body } = read
  const headers = { ...objectHeaders(info, grant), 'content-length': String(span.end - span.start) }
  if (range === undefined) return new Response(body, { headers })
  return new Response(body, {
    status: 206,
    headers: { ...headers, 'content-range': formatContentRange(span, info.size) },
  })
}

const servePut = async (
  store: ObjectStore,
  request: Request,
  grant: PutGrant,
  signal: AbortSignal,
): Promise<Response> => {
  checkLength(request, grant.size)
  if (request.headers.get('content-type') !== grant.type || request.headers.get('if-none-match') !== '*') {
    await request.body?.cancel()
    return errorBody(403, 'forbidden', 'Send exactly the headers that came with the signed URL.')
  }
  const { etag } = await store.put(grant.key, request.body ?? new Uint8Array(), {
    size: grant.size,
    type: grant.type,
    sha256: grant.sha256,
    ifNoneMatch: '*',
    signal,
  })
  return new Response(null, { status: 200, headers: { etag } })
}

const servePart = async (
  store: ObjectStore,
  request: Request,
  grant: PartGrant,
  signal: AbortSignal,
): Promise<Response> => {
  checkLength(request, grant.size)
  const { etag } = await store.multipart.putPart(
    grant.key,
    grant.uploadId,
    grant.number,
    request.body ?? new Uint8Array(),
    { size: grant.size, sha256: grant.sha256, signal },
  )
  return new Response(null, { status: 200, headers: { etag } })
}

/** Refuses a wrong Content-Length before reading the body. Without the header, the store counts the bytes. */
const checkLength = (request: Request, size: number): void => {
  const length = request.headers.get('content-length')
  if (length === null || Number(length) === size) return
  if (Number(length) > size) throw new ObjectStoreError('too_large', `Send the ${size} bytes that were signed.`)
  throw new ObjectStoreError('bad_request', `Send the ${size} bytes that were signed, not ${length.slice(0, 20)}.`)
}

/** Headers of conditional requests; others cost no second look at the object. */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-range']

/** Content is named by its hash. An artifact's key can get other bytes (`state.json`). */
const validatorsOf = ({ etag, modifiedAt }: ObjectInfo, { key }: GetGrant): Validators => ({
  etag,
  modifiedAt,
  isImmutable: parseRemoteKey(key) !== undefined,
})

const objectHeaders = (info: ObjectInfo, grant: GetGrant): Record<string, string> => {
  const type = safeType(grant.responseType ?? info.type)
  const disposition = grant.responseDisposition ?? (isPassiveType(type) ? undefined : 'attachment')
  return {
    ...safety(type),
    ...validatorHeaders(validatorsOf(info, grant), Date.now()),
    'content-type': servedType(type),
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    ...(disposition === undefined ? {} : { 'content-disposition': disposition }),
  }
}

const errorResponse = (error: unknown): Response => {
  if (isObjectStoreError(error, 'precondition_failed')) return errorBody(412, 'conflict', error.message)
  const wire: RockpoolError = toWireError(error)
  const status = WIRE_ERRORS[wire.code as keyof typeof WIRE_ERRORS]
  const retry = wire.retryAfterMs === undefined ? undefined : String(Math.ceil(wire.retryAfterMs / 1000))
  return errorBody(status, wire.code, wire.message, retry === undefined ? {} : { 'retry-after': retry })
}

const errorBody = (status: number, code: string, message: string, headers: Record<string, string> = {}): Response =>
  Response.json({ error: { code, message } }, { status, headers: { ...headers, 'cache-control': 'no-store' } })
