/**
 * The gateway contract of livestore-filesync, for those who come from it: whole files by form upload, under
 * `<storeId>/<sha256 of the body>`. Off unless switched on, since it is the one way to make keys of the old form.
 *
 *     POST   {base}/upload        multipart form: `file`, optional `key`   -> { url }
 *     GET    {base}/files/<key>   the file
 *     DELETE {base}/files/<key>   204, and nothing is deleted: garbage collection decides
 *     GET    {base}/health
 */
import { createHash } from 'node:crypto'
import { isObjectStoreError } from '@rockpool/object-store'
import { type RemoteKey, safeType, toHex } from '@rockpool/protocol'
import { refusal } from './errors.ts'
import { created } from './hooks.ts'
import { answerCaller, lengthOf, type ObjectCall } from './objects.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'

/** Bytes of a form upload. Forms are read into memory; larger files come by the contract of today, in parts. */
export const LARGEST_FORM = 64 * 1024 * 1024

/** Memory that a form takes while it is read, as a multiple of its length (measured: 4 to 5). */
const FORM_COST = 4

/** Stores the file of a form, once. Answers its key. */
export const uploadForm = async (services: SignerServices, caller: Caller, request: Request): Promise<RemoteKey> => {
  services.access.requireSomeWrite(caller)
  const length = lengthOf(request)
  if (length > LARGEST_FORM) throw refusal('too_large', `A form upload has at most ${LARGEST_FORM} bytes.`)
  return services.holdBody(caller.claims.sub, FORM_COST * length, request.signal, (signal) =>
    storeForm(services, caller, request, signal),
  )
}

const storeForm = async (
  { store, access, happened }: SignerServices,
  caller: Caller,
  request: Request,
  signal: AbortSignal,
): Promise<RemoteKey> => {
  const form = await formOf(request, signal).catch((cause: unknown) => {
    throw refusal('bad_request', 'Send a multipart form with the field "file".', { cause })
  })
  const file = form.get('file')
  if (!(file instanceof Blob)) throw refusal('bad_request', 'Send a multipart form with the field "file".')
  const digest = await sha256Of(file)
  const named = form.get('key')
  const storeId = typeof named === 'string' ? named.split('/')[0]! : onlyStore(caller)
  const key = `${storeId}/${toHex(digest)}`
  if (typeof named === 'string' && named !== key) {
    throw refusal('bad_key', 'The key of a form upload is <storeId>/<SHA-256 of the file>.')
  }
  const permitted = await access.permit(caller, 'write', key, { size: file.size, type: file.type }, 'legacy')
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
    // The same bytes are there already: that is what was asked for.
    if (!isObjectStoreError(error, 'precondition_failed')) throw error
  }
  // Also then: the answer that they arrived may have been lost, and nobody was told.
  happened(created(caller, permitted, file.size))
  return permitted.key
}

/** The form, read until `signal` ends it, which `request.formData()` does not know. */
const formOf = ({ body, headers }: Request, signal: AbortSignal): Promise<FormData> =>
  new Response(body?.pipeThrough(new TransformStream(), { signal }), { headers }).formData()

const sha256Of = async (file: Blob): Promise<Uint8Array<ArrayBuffer>> => {
  const hash = createHash('sha256')
  for await (const chunk of file.stream()) hash.update(chunk)
  return new Uint8Array(hash.digest())
}

/** Answers GET and DELETE of a form upload. */
export const answerForm = async (
  { store, access }: SignerServices,
  caller: Caller,
  { request, path, failed }: ObjectCall,
): Promise<Response> => {
  if (request.method === 'DELETE') {
    await access.permit(caller, 'write', path, undefined, 'legacy')
    return new Response(null, { status: 204 })
  }
  const { key } = await access.permit(caller, 'read', path)
  return answerCaller(store, request, key, failed)
}

/** Without a key, the file goes to the one store that the token may write. */
const onlyStore = ({ claims }: Caller): string => {
  const writable = Object.entries(claims.stores).filter(([, rights]) => rights.includes('write'))
  if (writable.length !== 1)
    throw refusal('bad_request', 'Send the field "key": this token is not for exactly one store.')
  return writable[0]![0]
}
