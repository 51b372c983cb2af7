/**
 * `/artifacts`: the claim check's data plane, for clients without S3 credentials. The bytes travel through the signer, so it
 * works for every object store, `local` included.
 *
 * @see docs/contracts/artifacts.md
 */
import { isObjectStoreError, type ObjectStore, type UploadedPart } from '@rockpool/object-store'
import { type ArtifactKey, fromHex, isMediaType, OCTET_STREAM, type Right } from '@rockpool/protocol'
import * as Schema from 'effect/Schema'
import { readJson } from './body.ts'
import { errorResponse, httpError } from './errors.ts'
import { contentLength, type ObjectCall, serveCaller } from './objects.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'

/** Objects in one page of a listing, S3's own limit. */
const PAGE = 1000

export const ArtifactPage = Schema.Struct({
  objects: Schema.Array(
    Schema.Struct({ key: Schema.String, size: Schema.Number, modifiedAt: Schema.Number, etag: Schema.String }),
  ),
  cursor: Schema.optionalWith(Schema.String, { exact: true }),
})

const CompleteRequest = Schema.Struct({
  parts: Schema.Array(
    Schema.Struct({
      number: Schema.Int.pipe(Schema.between(1, 10_000)),
      etag: Schema.String.pipe(Schema.maxLength(256)),
    }),
  ).pipe(Schema.minItems(1), Schema.maxItems(10_000)),
  size: Schema.Int.pipe(Schema.nonNegative()),
})

/**
 * One page of the objects of a request or a stage: `prefix` is `requests/<request id>/` or `requests/<request id>/<stage>/`,
 * or longer.
 *
 * @throws RockpoolError `bad_key`, `forbidden`
 */
export const listArtifacts = async (
  { store, access }: SignerServices,
  caller: Caller,
  { prefix = '', cursor }: { readonly prefix?: string | undefined; readonly cursor?: string | undefined },
  signal: AbortSignal,
): Promise<typeof ArtifactPage.Type> => {
  // A prefix may end inside a segment; the request id in front of it must be whole.
  access.permitArtifact(caller, 'read', `${prefix.split('/').slice(0, 2).join('/')}/any/any`)
  if (!/^[A-Za-z0-9._/-]{1,1024}$/.test(prefix) || prefix.split('/').length < 3) {
    throw httpError('bad_key', 'List by "requests/<request id>/", or by a longer prefix.')
  }
  const page = await store.list(prefix, { limit: PAGE, signal, ...(cursor !== undefined && { cursor }) })
  return { objects: page.objects, ...(page.cursor !== undefined && { cursor: page.cursor }) }
}

/** Serves one request on `/artifacts/<key>`. */
export const serveArtifact = async (services: SignerServices, caller: Caller, call: ObjectCall): Promise<Response> => {
  const { request } = call
  const query = new URL(request.url).searchParams
  const uploadId = query.get('uploadId') ?? undefined
  // Ceph takes an empty id as none: to abort such an upload would delete the artifact, with the right to write.
  if (uploadId === '') throw httpError('bad_request', 'uploadId is the id that "?uploads" returned.')
  const key = services.access.permitArtifact(caller, rightFor(request.method, uploadId), call.path)
  try {
    switch (request.method) {
      case 'GET':
        return await read(services.store, key, call)
      case 'HEAD':
        return await describe(services.store, key, request.signal)
      case 'DELETE':
        if (uploadId === undefined) await services.store.delete(key, { signal: request.signal })
        else await services.store.multipart.abort(key, uploadId, { signal: request.signal })
        return new Response(null, { status: 204 })
      case 'POST':
        if (uploadId !== undefined) return await complete(services, key, uploadId, request)
        return Response.json({ uploadId: await start(services.store, key, request) })
      default:
        return await write(services, caller, key, query, request)
    }
  } catch (error) {
    if (!isObjectStoreError(error, 'precondition_failed')) throw error
    const response = errorResponse(error)
    return new Response(response.body, { status: 412, headers: response.headers })
  }
}

/** Aborting an upload removes only what the caller was about to write. */
const rightFor = (method: string, uploadId: string | undefined): Right => {
  if (method === 'GET' || method === 'HEAD') return 'read'
  return method === 'DELETE' && uploadId === undefined ? 'delete' : 'write'
}

const read = async (store: ObjectStore, key: ArtifactKey, { request, onError }: ObjectCall): Promise<Response> => {
  const response = await serveCaller(store, request, key, onError)
  // Unlike content, what a key names is replaced: a browser's cache would keep the first state.json for a year.
  response.headers.set('cache-control', 'no-store')
  return response
}

/** The type as it was stored: a reply without a body runs nothing. */
const describe = async (store: ObjectStore, key: ArtifactKey, signal: AbortSignal): Promise<Response> => {
  const { size, type, etag, modifiedAt, address } = await store.head(key, { signal })
  return new Response(null, {
    headers: {
      'content-length': String(size),
      'content-type': type,
      'last-modified': new Date(modifiedAt).toUTCString(),
      'cache-control': 'no-store',
      etag,
      ...(address !== undefined && { 'x-rockpool-address': address }),
    },
  })
}

/** PUT of a whole artifact or, with `uploadId` and `partNumber`, of a part. */
const write = async (
  { store, hashing, bufferBody }: SignerServices,
  caller: Caller,
  key: ArtifactKey,
  query: URLSearchParams,
  request: Request,
): Promise<Response> => {
  const size = contentLength(request)
  if (size > hashing.partSize) {
    throw httpError('too_large', `One request carries at most ${hashing.partSize} bytes. Start an upload in parts.`)
  }
  const sha256 = digestOf(request)
  const body = request.body ?? new Uint8Array()
  const uploadId = query.get('uploadId')
  const send = async (signal: AbortSignal) => {
    if (uploadId === null) {
      return store.put(key, body, { size, type: typeOf(request), sha256, signal, ...preconditionOf(request) })
    }
    return store.multipart.putPart(key, uploadId, partNumberOf(query), body, { size, sha256, signal })
  }
  // An S3 store reads a body whole before it sends it on.
  const { etag } =
    store.mode === 's3' ? await bufferBody(caller.claims.sub, size, request.signal, send) : await send(request.signal)
  return new Response(null, { headers: { etag } })
}

const start = async (store: ObjectStore, key: ArtifactKey, request: Request): Promise<string> => {
  if (!new URL(request.url).searchParams.has('uploads')) {
    throw httpError('bad_request', 'Start an upload with "?uploads", complete one with "?uploadId=…".')
  }
  return store.multipart.start(key, { type: typeOf(request), signal: request.signal })
}

/**
 * Makes the artifact of its parts. Of an upload that the store does not know any more only the bytes tell whether it was
 * completed: the client compares them.
 *
 * @throws ObjectStoreError `upload_not_found`
 */
const complete = async (
  { store }: SignerServices,
  key: ArtifactKey,
  uploadId: string,
  request: Request,
): Promise<Response> => {
  const { signal } = request
  const { parts, size } = await readJson(request, CompleteRequest)
  const precondition = preconditionOf(request)
  const listed = await store.multipart.listParts(key, uploadId, { signal })
  if (!isSameList(listed, parts, size)) {
    throw httpError('conflict', 'The parts are not those that were sent. Start the upload again.')
  }
  // No object store compares a precondition here: between this and the completion another writer may come.
  if (precondition.ifNoneMatch !== undefined && (await store.exists(key, { signal }))) return preconditionFailed()
  const { etag } = await store.multipart.complete(key, uploadId, listed, { signal })
  return Response.json({ etag })
}

const isSameList = (
  listed: readonly UploadedPart[],
  sent: readonly { readonly number: number; readonly etag: string }[],
  size: number,
): boolean =>
  listed.length === sent.length &&
  listed.every(({ number, etag }, i) => number === sent[i]!.number && etag === sent[i]!.etag) &&
  listed.reduce((sum, part) => sum + part.size, 0) === size

const preconditionFailed = (): Response =>
  Response.json({ error: { code: 'conflict', message: 'There is an artifact of this key already.' } }, { status: 412 })

const preconditionOf = ({ headers }: Request): { readonly ifNoneMatch?: '*'; readonly ifMatch?: string } => {
  const [ifNoneMatch, ifMatch] = [headers.get('if-none-match'), headers.get('if-match')]
  if (ifNoneMatch !== null && ifNoneMatch !== '*') throw httpError('bad_request', 'If-None-Match can only be "*".')
  return { ...(ifNoneMatch !== null && { ifNoneMatch: '*' as const }), ...(ifMatch !== null && { ifMatch }) }
}

const digestOf = ({ headers }: Request): Uint8Array<ArrayBuffer> => {
  const hex = headers.get('x-amz-content-sha256') ?? ''
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw httpError('bad_request', 'Send the header x-amz-content-sha256: the SHA-256 of the body in lower-case hex.')
  }
  return fromHex(hex)
}

const typeOf = ({ headers }: Request): string => {
  const type = headers.get('content-type') ?? OCTET_STREAM
  if (!isMediaType(type)) throw httpError('bad_request', 'Content-Type has to be a media type such as video/mp4.')
  return type
}

const partNumberOf = (query: URLSearchParams): number => {
  const text = query.get('partNumber') ?? ''
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 10_000) {
    throw httpError('bad_request', 'partNumber is 1 to 10000.')
  }
  return Number(text)
}
