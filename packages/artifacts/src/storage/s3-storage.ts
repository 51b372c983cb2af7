/** Artifacts in an S3 bucket of any vendor, with credentials of our own. Needs nothing but `fetch` and WebCrypto. */
import { AwsV4Signer } from 'aws4fetch'
import { type ArtifactKey, OCTET_STREAM, parseAddress, sha256, toHex } from '@rockpool/protocol'
import { ArtifactError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { codeOf, errorOf, isTransientCode } from './s3-errors.ts'
import { type Authorize, type Call, createSend, type Reply, textOfBody } from './send.ts'
import { sliceOf } from './slice.ts'
import type { ArtifactStorage, Precondition, StoredObject } from './storage.ts'
import { elements, encodeText, textOf } from './xml.ts'

export interface S3Settings {
  /** the vendor's URL, such as `https://s3.example`; AWS when undefined */
  readonly endpoint?: string | undefined
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

/** Metadata of an object of one part: its content address. Of an upload in parts it is not known when it starts. */
const ADDRESS_HEADER = 'x-amz-meta-address'

export const s3Storage = (settings: S3Settings, bucket: string, runtime: Runtime): ArtifactStorage => {
  const endpoint = (settings.endpoint ?? `https://s3.${settings.region}.amazonaws.com`).replace(/\/+$/, '')
  const base = `${endpoint}/${bucket}`
  const send = createSend(signed(settings, runtime), runtime)
  const urlOf = (key: string) => `${base}/${key.split('/').map(encodeURIComponent).join('/')}`

  /** @throws ArtifactError for a status that is no success */
  const call = async (request: Call, signal: AbortSignal | undefined): Promise<Reply> => {
    const reply = await send(request, signal)
    if (reply.status >= 200 && reply.status < 300) return reply
    throw errorOf(reply, bucket)
  }

  const head = async (key: ArtifactKey, signal?: AbortSignal): Promise<StoredObject> => {
    const { headers } = await call({ method: 'HEAD', url: urlOf(key), headers: {} }, signal)
    return {
      size: Number(headers.get('content-length') ?? 0),
      type: headers.get('content-type') ?? OCTET_STREAM,
      etag: headers.get('etag') ?? '',
      address: parseAddress(headers.get(ADDRESS_HEADER) ?? ''),
    }
  }

  return {
    head,

    read: async (key, { start, end }, etag, signal) => {
      const headers = {
        range: `bytes=${start}-${end - 1}`,
        ...(etag !== undefined && { 'if-match': etag }),
      }
      const reply = await send({ method: 'GET', url: urlOf(key), headers, expected: end - start, hash: true }, signal)
      const slice = await sliceOf(reply, start)
      if (slice === undefined) throw errorOf(reply, bucket)
      return slice
    },

    write: async (key, bytes, { type, sha256, precondition }, signal) => {
      const headers = {
        'content-type': type,
        [ADDRESS_HEADER]: toHex(sha256),
        ...integrity(sha256),
        ...conditions(precondition),
      }
      const reply = await call({ method: 'PUT', url: urlOf(key), headers, body: bytes }, signal)
      return { etag: reply.headers.get('etag') ?? '' }
    },

    list: async (prefix, cursor, signal) => {
      const query = new URLSearchParams({ 'list-type': '2', prefix, 'max-keys': '1000' })
      if (cursor !== undefined) query.set('continuation-token', cursor)
      const xml = textOfBody(await call({ method: 'GET', url: `${base}?${query}`, headers: {} }, signal))
      const objects = elements(xml, 'Contents').map((item) => ({
        key: textOf(item, 'Key') ?? '',
        size: Number(textOf(item, 'Size') ?? 0),
        etag: textOf(item, 'ETag') ?? '',
        modifiedAt: Date.parse(textOf(item, 'LastModified') ?? ''),
      }))
      const isTruncated = textOf(xml, 'IsTruncated') === 'true'
      return { objects, cursor: isTruncated ? textOf(xml, 'NextContinuationToken') : undefined }
    },

    remove: async (key, signal) => {
      await call({ method: 'DELETE', url: urlOf(key), headers: {} }, signal)
    },

    startUpload: async (key, type, signal) => {
      const reply = await call(
        { method: 'POST', url: `${urlOf(key)}?uploads=`, headers: { 'content-type': type } },
        signal,
      )
      const uploadId = textOf(textOfBody(reply), 'UploadId')
      if (uploadId === undefined)
        throw new ArtifactError('unavailable', 'S3 started an upload without an id. Try again.')
      return uploadId
    },

    uploadPart: async (key, uploadId, number, bytes, sha256, signal) => {
      const url = `${urlOf(key)}?${new URLSearchParams({ partNumber: String(number), uploadId })}`
      const { headers } = await call({ method: 'PUT', url, headers: integrity(sha256), body: bytes }, signal)
      return { number, etag: headers.get('etag') ?? '' }
    },

    completeUpload: async (key, uploadId, parts, _size, precondition, signal) => {
      const list = parts.map(
        ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${encodeText(etag)}</ETag></Part>`,
      )
      const reply = await send(
        {
          method: 'POST',
          url: `${urlOf(key)}?${new URLSearchParams({ uploadId })}`,
          headers: { 'content-type': 'application/xml', ...conditions(precondition) },
          body: `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`,
          // S3 sends 200 before it is done, and an error in the body when it fails (CompleteMultipartUpload, "Note").
          isTransient: (response) => isTransientCode(codeOf(response)),
        },
        signal,
      )
      const code = codeOf(reply)
      if (code === 'NoSuchUpload') return false
      if (reply.status !== 200 || code !== undefined) throw errorOf(reply, bucket)
      return true
    },

    abortUpload: async (key, uploadId, signal) => {
      await call({ method: 'DELETE', url: `${urlOf(key)}?${new URLSearchParams({ uploadId })}`, headers: {} }, signal)
    },
  }
}

/** The SHA-256 in the signature: S3 compares it with what arrives. */
const integrity = (sha256: Uint8Array) => ({ 'x-amz-content-sha256': toHex(sha256) })

const conditions = (precondition: Precondition): Record<string, string> => {
  if (precondition === undefined) return {}
  if (precondition === 'absent') return { 'if-none-match': '*' }
  // Without quotes, as AWS documents it: Ceph 16 compares the text with its etag, which has none.
  return { 'if-match': precondition.etag.replaceAll('"', '') }
}

const signed = ({ accessKey, secretKey, region }: S3Settings, { now }: Runtime): Authorize => {
  // Signing keys by day.
  const cache = new Map<string, ArrayBuffer>()
  return async ({ method, url, headers, body }) => {
    const digest =
      headers['x-amz-content-sha256'] ??
      toHex(await sha256(typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? new Uint8Array())))
    const request = await new AwsV4Signer({
      method,
      url,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      service: 's3',
      region,
      cache,
      datetime: new Date(now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
      // All of them, so that a proxy can change neither type nor preconditions.
      allHeaders: true,
    }).sign()
    return { url: request.url.href, headers: request.headers }
  }
}
