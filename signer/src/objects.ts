/** `/objects/<key>`: the data plane of `local` and `hybrid`, by signed query; with a bearer token, of any store. */
import { answerObject, type ObjectGrant, type ObjectStore, type PutGrant, verifyLocalUrl } from '@rockpool/object-store'
import { addressParts, fromHex, OCTET_STREAM, parseRemoteKey, type RemoteKey, safeType } from '@rockpool/protocol'
import { decode } from './body.ts'
import { checkBucket } from './content.ts'
import { refusal } from './errors.ts'
import { created } from './hooks.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'
import { partsKey } from './stored-content.ts'

/** One request on `/objects/<path>`. */
export interface ObjectCall {
  readonly request: Request
  /** raw, behind `/objects/` */
  readonly path: string
  /** is told what the operator should know of an error that was answered */
  readonly failed: (error: unknown) => void
}

/** Answers a request whose query is signed. */
export const answerSigned = async (
  { store, happened, now }: SignerServices,
  secret: string | undefined,
  { request, path, failed }: ObjectCall,
): Promise<Response> => {
  if (secret === undefined) throw refusal('forbidden', 'This signer serves no signed URLs of its own.')
  const { searchParams } = new URL(request.url)
  const grant = await verifyLocalUrl(secret, {
    method: request.method,
    key: path,
    query: searchParams,
    now: now(),
  })
  const response = await answerObject(store, request, grant, { failed })
  const parts = parseRemoteKey(path)
  if (parts && response.ok && isWholePut(grant)) {
    happened({
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

/** Answers GET and HEAD of a caller with a token: the content, or its digest list. */
export const readObject = async (
  { store, access }: SignerServices,
  caller: Caller,
  { request, path, failed }: ObjectCall,
): Promise<Response> => {
  const ofParts = path.endsWith('.parts')
  const { key } = await access.permit(caller, 'read', ofParts ? path.slice(0, -'.parts'.length) : path)
  return answerCaller(store, request, ofParts ? partsKey(key) : key, failed)
}

/** Answers GET and HEAD of an object that the caller may read. */
export const answerCaller = async (
  store: ObjectStore,
  request: Request,
  key: string,
  failed: ObjectCall['failed'],
): Promise<Response> => {
  const answer = await answerObject(store, request, { method: 'GET', key }, { failed })
  // A browser that keeps it must not give it to the next user, who has another token, or none (RFC 9111, section 4.1).
  answer.headers.append('vary', 'Authorization, X-Worker-Auth')
  return answer
}

/** Answers PUT of a caller with a token: a content of one part, once. */
export const writeObject = async (
  { store, access, requests, happened, holdBody }: SignerServices,
  caller: Caller,
  { request, path, failed }: ObjectCall,
): Promise<Response> => {
  const length = lengthOf(request)
  const declared = request.headers.get('content-type') ?? OCTET_STREAM
  const { size, type } = decode(requests.UploadUrlRequest, { key: path, size: length, type: declared })
  const key = await access.permit(caller, 'write', path, { size, type })
  checkBucket(key, size, type)
  const grant = { method: 'PUT', key: key.key, size, type: safeType(type), sha256: fromHex(key.address) } as const
  const write = (signal: AbortSignal) => answerObject(store, asSigned(request, grant), grant, { failed, signal })
  // An S3 store reads a body whole before it sends it on.
  const answer =
    store.mode === 's3' ? await holdBody(caller.claims.sub, size, request.signal, write) : await write(request.signal)
  // Also when it was there already: the answer to the PUT that brought it may have been lost, and nobody was told.
  if (answer.ok || answer.status === 412) happened(created(caller, key, size))
  return answer
}

/** The length of a body, in bytes, which an HTTP server sees to. @throws RockpoolError `bad_request` without one */
export const lengthOf = (request: Request): number => {
  const length = request.headers.get('content-length') ?? ''
  if (!/^\d{1,15}$/.test(length)) throw refusal('bad_request', 'Send the header Content-Length.')
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

/** Removes a content and its digest list for good: an explicit purge. */
export const deleteObject = async (
  { store, access, happened }: SignerServices,
  caller: Caller,
  path: string,
  signal: AbortSignal,
): Promise<Response> => {
  const key = await access.permit(caller, 'delete', path)
  // The digest list first: else an upload that completes in between would find it there, and lose it then.
  if (addressParts(key.address) > 1) await store.delete(partsKey(key.key), { signal })
  await store.delete(key.key, { signal })
  happened({ type: 'object.deleted', key: key.key, storeId: key.storeId, sub: caller.claims.sub })
  return new Response(null, { status: 204 })
}
