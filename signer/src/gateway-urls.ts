/**
 * The gateway contract of livestore-filesync 0.8.0, for its clients while an app moves over. On with `gateway`, as `gateway.ts` is.
 *
 *     POST {base}/v1/sign/upload    { key, contentType?, contentLength }  -> { method, url, headers, expiresAt }
 *     POST {base}/v1/sign/download  { key }                               -> { url, expiresAt }
 *     POST {base}/v1/delete         { key }                               -> 204, and nothing is deleted
 *     PUT  {base}/stored/<key>      where a client sends bytes that are stored already
 *
 * Its own gateway signs any bytes for any key. Here a key is `<storeId>/<SHA-256 of the bytes>` of a store of the token, and the
 * object store refuses other bytes.
 */
import { OCTET_STREAM } from '@rockpool/protocol'
import * as Schema from 'effect/Schema'
import { httpError } from './errors.ts'
import { downloadUrl } from './downloads.ts'
import type { Caller } from './rights.ts'
import type { SignerServices } from './services.ts'
import { signUpload, UPLOAD_SECONDS } from './uploads.ts'

/** The largest single PUT of S3, in bytes. */
const MAX_PUT_BYTES = 5 * 1024 ** 3

/** Clients may send a slash in front. */
const Key = Schema.transform(Schema.String.pipe(Schema.maxLength(2_048)), Schema.String, {
  strict: true,
  decode: (key) => key.replace(/^\/+/, ''),
  encode: (key) => key,
})

export const SignKeyRequest = Schema.Struct({ key: Key })

export const SignUploadRequest = Schema.Struct({
  key: Key,
  contentType: Schema.optionalWith(Schema.String.pipe(Schema.maxLength(256)), { exact: true }),
  contentLength: Schema.Int.pipe(Schema.between(0, MAX_PUT_BYTES)),
})

export interface SignedFile {
  readonly method: 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** ISO 8601 */
  readonly expiresAt: string
}

/**
 * Where and with which headers the client sends the file.
 *
 * @param gateway URL of the gateway, without a slash at its end
 */
export const signFile = async (
  services: SignerServices,
  caller: Caller,
  { key, contentType = OCTET_STREAM, contentLength: size }: typeof SignUploadRequest.Type,
  { headers, signal }: Request,
  gateway: string,
): Promise<SignedFile> => {
  const permitted = await services.access.permit(caller, 'write', key, { size, type: contentType }, 'legacy')
  const upload = await signUpload(services, caller, { key: permitted, size, type: contentType }, signal)
  if (upload.status === 'put')
    return { method: 'PUT', url: upload.url, headers: upload.headers, expiresAt: isoTime(upload.expiresAt) }
  // A client knows no other end of an upload than a PUT that succeeds, and the object store refuses a second one.
  return {
    method: 'PUT',
    url: `${gateway}/stored/${permitted.key}`,
    headers: ownToken(headers),
    expiresAt: isoTime(services.now() + UPLOAD_SECONDS * 1_000),
  }
}

/** Either header says who sends the request. */
const ownToken = (headers: Headers): Readonly<Record<string, string>> => {
  const name = headers.has('authorization') ? 'authorization' : 'x-worker-auth'
  return { [name]: headers.get(name)! }
}

/** Takes the bytes of a file that is stored already, and discards them. @throws RockpoolError `not_found` when it is not */
export const discardFile = async (
  { store, access }: SignerServices,
  caller: Caller,
  key: string,
  { body, signal }: Request,
): Promise<void> => {
  await access.permit(caller, 'write', key, undefined, 'legacy')
  if (!(await store.exists(key, { signal })))
    throw httpError('not_found', 'This file is not stored. Sign its upload again.')
  await body?.pipeTo(new WritableStream(), { signal })
}

export const signRead = async (
  services: SignerServices,
  caller: Caller,
  { key }: typeof SignKeyRequest.Type,
  from: Request,
): Promise<{ readonly url: string; readonly expiresAt: string }> => {
  // Of this store's legacy keys only; others have digest lists that old clients do not know.
  const permitted = await services.access.permit(caller, 'read', key, undefined, 'legacy')
  const { url, expiresAt } = await downloadUrl(services, caller, { key: permitted.key }, from)
  return { url, expiresAt: isoTime(expiresAt) }
}

/** Checks the right, and deletes nothing: a live file of a new client, or a version, may have the same bytes. Garbage collection decides. */
export const keepFile = async (
  { access }: SignerServices,
  caller: Caller,
  { key }: typeof SignKeyRequest.Type,
): Promise<void> => {
  await access.permit(caller, 'write', key, undefined, 'legacy')
}

const isoTime = (ms: number): string => new Date(ms).toISOString()
