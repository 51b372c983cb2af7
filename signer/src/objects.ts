/** `/objects/<key>`: the data plane of `local` and `hybrid`, by signed query; with a bearer token, of any store. */
import { serveObject, type ObjectGrant, type ObjectStore, type PutGrant, verifyLocalUrl } from '@rockpool/object-store'
import {
  addressParts,
  contentKeyOf,
  fromHex,
  OCTET_STREAM,
  parseRemoteKey,
  partsKey,
  type RemoteKey,
  safeType,
} from '@rockpool/protocol'
import { decode } from './body.ts'
import { checkBucket } from './content.ts'
import { httpError } from './errors.ts'
import { created } from './hooks.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'

/** One request on `/objects/<path>`. */
export interface ObjectCall {
  readonly request: Request
  /** raw, behind `/objects/` */
  readonly path: string
  /** called with the error behind an error response, for the operator */
  readonly onError: (error: unknown) => void
}

/** Serves a request with a signed query. */
export const serveSigned = async (
  { store, emit, now }: SignerServices,
  secret: string | undefined,
  { request, path, onError }: ObjectCall,
): Promise<Response> => {
  if (secret === undefined) throw httpError('forbidden', 'This signer serves no signed URLs of its own.')
  const { searchParams } = new URL(request.url)
  const grant = await verifyLocalUrl(secret, {
    method: request.method,
    key: path,
    query: searchParams,
    now: now(),
  })
  const response = await serveObject(store, request, grant, { onError })
  const parts = parseRemoteKey(path)
  if (parts && response.ok && isWholePut(grant)) {
    emit({
      type: 'object.created',
      key: path as RemoteKey,
      storeId: parts.storeId,
      size: grant.size,
      sub: undefined,
    })
  }
  return response
}

const isWholePut = (grant: ObjectGrant): grant is PutGrant => grant.method === 'PUT' && !('uploadId' in grant)

/** Serves GET and HEAD of a caller with a token: the content, or its digest list. */
export const readObject = async (
  { store, access }: SignerServices,
  caller: Caller,
  { request, path, onError }: ObjectCall,
): Promise<Response> => {
  const contentKey = contentKeyOf(path)
  const { key } = await access.permit(caller, 'read', contentKey)
  return serveCaller(store, request, contentKey === path ? key : partsKey(key), onError)
}

/** Serves GET and HEAD of an object that the caller may read. */
export const serveCaller = async (
  store: ObjectStore,
  request: Request,
  key: string,
  onError: ObjectCall['onError'],
): Promise<Response> => {
  const answer = await serveObject(store, request, { method: 'GET', key }, { onError })
  // A browser's cache must not serve it to the next user, who has another token or none (RFC 9111, section 4.1).
  answer.headers.append('vary', 'Authorization, X-Worker-Auth')
  return answer
}

/** Serves PUT of a caller with a token: content of one part, once. */
export const writeObject = async (
  { store, access, requests, emit, bufferBody, requireRoom }: SignerServices,
  caller: Caller,
  { request, path, onError }: ObjectCall,
): Promise<Response> => {
  const length = contentLength(request)
  const declared = request.headers.get('content-type') ?? OCTET_STREAM
  const { size, type } = decode(requests.UploadUrlRequest, { key: path, size: length, type: declared })
  const key = await access.permit(caller, 'write', path, { size, type })
  checkBucket(key, size, type)
  await requireRoom(caller, key, size)
  const grant = { method: 'PUT', key: key.key, size, type: safeType(type), sha256: fromHex(key.address) } as const
  const write = (signal: AbortSignal) => serveObject(store, asSigned(request, grant), grant, { onError, signal })
  // An S3 store reads a body whole before it sends it on.
  const answer =
    store.mode === 's3' ? await bufferBody(caller.claims.sub, size, request.signal, write) : await write(request.signal)
  // Emitted even if it existed: the response to the earlier PUT may have been lost before its event.
  if (answer.ok || answer.status === 412) emit(created(caller, key, size))
  return answer
}

/** The Content-Length, which the HTTP server enforces. @throws RockpoolError `bad_request` without one */
export const contentLength = (request: Request): number => {
  const length = request.headers.get('content-length') ?? ''
  if (!/^\d{1,15}$/.test(length)) throw httpError('bad_request', 'Send the header Content-Length.')
  return Number(length)
}

/** The request with the headers that a presigned PUT of the grant would have. */
const asSigned = (request: Request, grant: PutGrant): Request => {
  const headers = new Headers(request.headers)
  headers.set('content-type', grant.type)
  headers.set('if-none-match', '*')
  const { body, url } = request
  return new Request(url, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit)
}

/** Deletes content and its digest list for good: an explicit purge. */
export const deleteObject = async (
  { store, access, emit }: SignerServices,
  caller: Caller,
  path: string,
  signal: AbortSignal,
): Promise<Response> => {
  const key = await access.permit(caller, 'delete', path)
  // The digest list first: otherwise an upload that completes in between would reuse it, and then lose it.
  if (addressParts(key.address) > 1) await store.delete(partsKey(key.key), { signal })
  await store.delete(key.key, { signal })
  emit({ type: 'object.deleted', key: key.key, storeId: key.storeId, sub: caller.claims.sub })
  return new Response(null, { status: 204 })
}
