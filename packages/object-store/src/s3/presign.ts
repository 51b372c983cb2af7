/**
 * Presigned requests. Uploads bind what the bucket must enforce: every given header is signed and stays a header, which
 * `S3RequestPresigner` cannot, since it forces UNSIGNED-PAYLOAD and leaves content-type out. It signs downloads, by itself:
 * `getSignedUrl` would run the client's middleware for each, at six times the cost (measured). Headers that are not given are
 * not bound: whoever has the URL may send any of them, and vendors differ in which they obey (probe-integrity.ts).
 */
import type { S3Client } from '@aws-sdk/client-s3'
import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner'
import { SignatureV4 } from '@smithy/signature-v4'
import { EMPTY_ADDRESS, toBase64, toHex } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import type { IntegrityMode, Presigned } from '../object-store.ts'
import { ObjectStoreError } from '../errors.ts'
import { asStoreError } from './s3-errors.ts'

type Headers = Readonly<Record<string, string>>
type Query = Readonly<Record<string, string>>

export interface SignedBytes {
  readonly size: number
  readonly sha256: Uint8Array<ArrayBuffer>
  /** seconds */
  readonly expiresIn: number
}

export interface Presign {
  /** A PUT of exactly these bytes, with these headers. @throws ObjectStoreError `digest_mismatch` for none of another digest */
  upload(key: string, query: Query, bytes: SignedBytes, headers: Headers, integrity: IntegrityMode): Promise<Presigned>
  /** A GET; also of ranges. */
  download(key: string, query: Query, expiresIn: number): Promise<Presigned>
  /** A DELETE. @param lifetime from a time of S3, in seconds */
  remove(key: string, lifetime: { readonly signedAt: Date; readonly expiresIn: number }): Promise<Presigned>
}

export const presigner = (
  client: S3Client,
  target: {
    readonly bucket: string
    readonly region: string
    readonly endpoint?: string | undefined
    readonly forcePathStyle?: boolean | undefined
  },
  /** awaited before signing: the SDK knows the server's time then */
  inTime: () => Promise<void> | undefined,
): Presign => {
  const { config } = client
  const settings = {
    service: 's3',
    region: target.region,
    credentials: config.credentials,
    sha256: config.sha256,
    uriEscapePath: false,
    applyChecksum: false,
  }
  const signer = new SignatureV4(settings)
  const signers = { PUT: signer, DELETE: signer, GET: new S3RequestPresigner(settings) }

  /** The bucket's URL, as the SDK finds it: by path or virtual host, in any of AWS's partitions. */
  const { url: base } = config.endpointProvider({
    Bucket: target.bucket,
    Region: target.region,
    ForcePathStyle: target.forcePathStyle ?? false,
    UseFIPS: false,
    UseDualStack: false,
    ...(target.endpoint === undefined ? {} : { Endpoint: target.endpoint }),
  })

  const sign = async (
    method: keyof typeof signers,
    key: string,
    query: Query,
    headers: Headers,
    expiresIn: number,
    signedAt?: Date,
  ): Promise<Presigned> => {
    check.checkExpiresIn(expiresIn)
    const path = `${base.pathname.replace(/\/$/, '')}/${key.split('/').map(escape).join('/')}`
    const names = new Set(Object.keys(headers))
    // Without this header SignatureV4 would sign the digest of no bytes. Not among `names`, it moves into the query.
    const payload: Headers = names.has('x-amz-content-sha256') ? {} : { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' }
    // The server's clock counts; the SDK has learnt the difference from its answers.
    await inTime()
    const signingDate = signedAt ?? new Date(Date.now() + config.systemClockOffset)
    const request = {
      ...{ method, protocol: base.protocol, hostname: base.hostname, path, query: { ...query } },
      headers: { host: base.host, ...headers, ...payload },
    }
    const options = { expiresIn, signingDate, unhoistableHeaders: names, signableHeaders: new Set(['host', ...names]) }
    const [{ query: signed }, { expiration }] = await Promise.all([
      signers[method].presign(request, options),
      config.credentials(),
    ]).catch((error: unknown) => {
      throw asStoreError(error)
    })
    const pairs = Object.entries(signed ?? {}).map(([name, value]) => `${escape(name)}=${escape(String(value))}`)
    return {
      url: `${base.protocol}//${base.host}${path}?${pairs.join('&')}`,
      // Every HTTP client sets the length itself; browsers refuse to let scripts do it.
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-length')),
      // A role's credentials end, and with them all that they have signed.
      expiresAt: Math.min(signingDate.getTime() + expiresIn * 1000, expiration?.getTime() ?? Infinity),
    }
  }

  return {
    upload: async (key, query, { size, sha256, expiresIn }, headers, integrity) => {
      check.checkDigest(sha256)
      // Ceph 16 compares no digest with a body that is empty.
      if (size === 0 && toHex(sha256) !== EMPTY_ADDRESS) {
        throw new ObjectStoreError('digest_mismatch', 'Nothing at all has another SHA-256 than the one announced.')
      }
      const digest: Headers =
        integrity === 'checksum'
          ? { 'x-amz-checksum-sha256': toBase64(sha256) }
          : { 'x-amz-content-sha256': toHex(sha256) }
      return sign('PUT', key, query, { ...headers, 'content-length': String(size), ...digest }, expiresIn)
    },
    // Who puts can have any content-encoding kept, which needs no signature, and readers would fail to decode it.
    download: (key, query, expiresIn) =>
      sign('GET', key, { ...query, 'response-content-encoding': 'identity' }, {}, expiresIn),
    remove: (key, { signedAt, expiresIn }) => sign('DELETE', key, {}, {}, expiresIn, signedAt),
  }
}

/** RFC 3986: `encodeURIComponent` leaves !'()* as they are, which the signature does not. */
const escape = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
