/** The URLs that the signer serves itself: signed alike by the folder and by the store in memory. */
import * as check from './check-arguments.ts'
import { sanitizeKey } from './object-key.ts'
import type { MultipartUploads, ObjectStore, Presigned } from './object-store.ts'
import { type ObjectGrant, signLocalUrl } from './signed-url.ts'

export interface LocalSigningOptions {
  /** where the signer can be reached from outside */
  readonly publicBaseUrl: string
  /** the HMAC key of signed URLs */
  readonly secret: string
  /** unix ms */
  readonly now: () => number
  /** runs a call of the store, which may be closed */
  readonly run: <A>(signal: undefined, call: () => Promise<A>) => Promise<A>
}

export interface LocalSigning extends Pick<ObjectStore, 'signPut' | 'signGet'>, Pick<MultipartUploads, 'signPart'> {}

export const localSigning = ({ publicBaseUrl, secret, now, run }: LocalSigningOptions): LocalSigning => {
  const sign = async (grant: ObjectGrant, expiresIn: number, headers: Record<string, string>): Promise<Presigned> => {
    check.checkExpiresIn(expiresIn)
    const expiresAt = now() + expiresIn * 1000
    return { url: await signLocalUrl(secret, publicBaseUrl, grant, expiresAt), headers, expiresAt }
  }

  return {
    signPut: ({ key: rawKey, size, type, sha256, expiresIn }) =>
      run(undefined, async () => {
        const key = sanitizeKey(rawKey)
        check.checkSize(size)
        check.checkType(type)
        check.checkDigest(sha256)
        const headers = { 'content-type': type, 'if-none-match': '*' }
        return sign({ method: 'PUT', key, size, type, sha256 }, expiresIn, headers)
      }),

    signGet: ({ key: rawKey, expiresIn, responseType, responseDisposition }) =>
      run(undefined, async () => {
        const response = {
          ...(responseType === undefined ? {} : { responseType }),
          ...(responseDisposition === undefined ? {} : { responseDisposition }),
        }
        return sign({ method: 'GET', key: sanitizeKey(rawKey), ...response }, expiresIn, {})
      }),

    signPart: ({ key: rawKey, uploadId, number, size, sha256, expiresIn }) =>
      run(undefined, async () => {
        const key = sanitizeKey(rawKey)
        check.checkSize(size)
        check.checkDigest(sha256)
        check.checkPartNumber(number)
        return sign({ method: 'PUT', key, uploadId, number, size, sha256 }, expiresIn, {})
      }),
  }
}
