/**
 * The gateway contract of livestore-filesync, for migration: whole files by form upload, under
 * `<storeId>/<sha256 of the body>`. Off by default: it is the only way to make legacy keys.
 *
 *     POST   {base}/upload        multipart form: `file`, optional `key`   -> { url }
 *     GET    {base}/files/<key>   the file
 *     DELETE {base}/files/<key>   204, and nothing is deleted: garbage collection decides
 *     GET    {base}/health
 */
import { createHash } from 'node:crypto'
import { isObjectStoreError } from '@rockpool/object-store'
import { type RemoteKey, safeType, toHex } from '@rockpool/protocol'
import { httpError } from './errors.ts'
import { created } from './hooks.ts'
import { serveCaller, contentLength, type ObjectCall } from './objects.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'

/** Largest form upload in bytes. Forms are read into memory; larger files use the current contract, in parts. */
export const MAX_FORM_BYTES = 64 * 1024 * 1024

/** Memory that a form takes while it is read, as a multiple of its length (measured: 4 to 5). */
const FORM_COST = 4

/** Stores the file of a form, once. @returns its key */
export const uploadForm = async (services: SignerServices, caller: Caller, request: Request): Promise<RemoteKey> => {
  services.access.requireSomeWrite(caller)
  const length = contentLength(request)
  if (length > MAX_FORM_BYTES) throw httpError('too_large', `A form upload has at most ${MAX_FORM_BYTES} bytes.`)
  return services.bufferBody(caller.claims.sub, FORM_COST * length, request.signal, (signal) =>
    storeForm(services, caller, request, signal),
  )
}

const storeForm = async (
  { store, access, emit, requireRoom }: SignerServices,
  caller: Caller,
  request: Request,
  signal: AbortSignal,
): Promise<RemoteKey> => {
  const form = await formOf(request, signal).catch((cause: unknown) => {
    throw httpError('bad_request', 'Send a multipart form with the field "file".', { cause })
  })
  const file = form.get('file')
  if (!(file instanceof Blob)) throw httpError('bad_request', 'Send a multipart form with the field "file".')
  const digest = await sha256Of(file)
  const named = form.get('key')
  const storeId = typeof named === 'string' ? named.split('/')[0]! : onlyStore(caller)
  const key = `${storeId}/${toHex(digest)}`
  if (typeof named === 'string' && named !== key) {
    throw httpError('bad_key', 'The key of a form upload is <storeId>/<SHA-256 of the file>.')
  }
  const permitted = await access.permit(caller, 'write', key, { size: file.size, type: file.type }, 'legacy')
  await requireRoom(caller, permitted, file.size)
  const once = {
    size: file.size,
    type: safeType(file.type),
    sha256: digest,
    ifNoneMatch: '*',
    signal,
  } as const
  try {
    await store.put(key, file.stream(), once)
  } catch (error) {
    // The same bytes exist already: success.
    if (!isObjectStoreError(error, 'precondition_failed')) throw error
  }
  // Emitted in this case, too: the earlier response may have been lost before its event.
  emit(created(caller, permitted, file.size))
  return permitted.key
}

/** Reads the form; unlike `request.formData()`, it stops at `signal`. */
const formOf = ({ body, headers }: Request, signal: AbortSignal): Promise<FormData> =>
  new Response(body?.pipeThrough(new TransformStream(), { signal }), { headers }).formData()

const sha256Of = async (file: Blob): Promise<Uint8Array<ArrayBuffer>> => {
  const hash = createHash('sha256')
  for await (const chunk of file.stream()) hash.update(chunk)
  return new Uint8Array(hash.digest())
}

/** Serves GET and DELETE of a form upload. */
export const serveForm = async (
  { store, access }: SignerServices,
  caller: Caller,
  { request, path, onError }: ObjectCall,
): Promise<Response> => {
  if (request.method === 'DELETE') {
    await access.permit(caller, 'write', path, undefined, 'legacy')
    return new Response(null, { status: 204 })
  }
  const { key } = await access.permit(caller, 'read', path)
  return serveCaller(store, request, key, onError)
}

/** The store of an upload without a key: the only one that the token may write to. */
const onlyStore = ({ claims }: Caller): string => {
  const writable = Object.entries(claims.stores).filter(([, rights]) => rights.includes('write'))
  if (writable.length !== 1)
    throw httpError('bad_request', 'Send the field "key": this token is not for exactly one store.')
  return writable[0]![0]
}
