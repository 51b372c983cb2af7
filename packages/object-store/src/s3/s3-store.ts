/** An S3 bucket as object store, of any vendor. */
import { formatRange, OCTET_STREAM } from '@rockpool/protocol'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import * as check from '../check-arguments.ts'
import { orDiscard } from '../exact-body.ts'
import { sanitizeKey, sanitizePrefix } from '../object-key.ts'
import type { IntegrityMode, ObjectStore, PutOptions } from '../object-store.ts'
import { bucketId } from './bucket-id.ts'
import { connect, type S3Connection, type S3Options } from './connection.ts'
import { probeIntegrity } from './probe-integrity.ts'
import { deleteBefore } from './delete-before.ts'
import { readBody, toListed, toObjectInfo, toSpan } from './decode-responses.ts'
import { s3Multipart } from './s3-multipart.ts'
import { withPayload } from './send-body.ts'
import { revokingGrants } from './revoke-grants.ts'

export type S3StoreOptions = S3Options

export interface S3Store extends ObjectStore {
  readonly mode: 's3'
  /** Which S3 bucket this is, whatever its name and endpoint. @throws ObjectStoreError */
  bucketId(signal?: AbortSignal): Promise<string>
}

/**
 * Opens an S3 bucket as object store. Probes which integrity mode the S3 bucket enforces.
 *
 * @throws ObjectStoreError `misconfigured` (no such bucket, or it enforces neither way), `denied`, `unavailable`
 */
export const openS3Store = async (options: S3StoreOptions, signal?: AbortSignal): Promise<S3Store> => {
  const connection = connect(options)
  try {
    return s3StoreOf(connection, await probeIntegrity(connection, signal))
  } catch (error) {
    connection.client.destroy()
    throw error
  }
}

const s3StoreOf = (connection: S3Connection, integrity: IntegrityMode): S3Store => {
  const { client, Bucket, send, presignPublic } = connection

  const head: ObjectStore['head'] = async (rawKey, call = {}) => {
    const key = sanitizeKey(rawKey)
    const ChecksumMode = integrity === 'checksum' ? ('ENABLED' as const) : undefined
    const read = () => send(new HeadObjectCommand({ Bucket, Key: key, ChecksumMode }), call.signal)
    return toObjectInfo(key, await revokingGrants(connection, key, read, call.signal))
  }

  return {
    mode: 's3',
    integrity,
    head,

    put: (rawKey, body, put: PutOptions) =>
      orDiscard(
        body,
        (async () => {
          const key = sanitizeKey(rawKey)
          const type = put.type ?? OCTET_STREAM
          check.checkSize(put.size)
          check.checkType(type)
          if (put.sha256) check.checkDigest(put.sha256)
          return withPayload(body, put, integrity, async (payload, signal) => {
            const command = new PutObjectCommand({
              Bucket,
              Key: key,
              ContentType: type,
              ...(put.ifNoneMatch === undefined ? {} : { IfNoneMatch: put.ifNoneMatch }),
              // Without quotes, as AWS documents it: Ceph 16 compares the text with its etag, which has none.
              ...(put.ifMatch === undefined ? {} : { IfMatch: put.ifMatch.replaceAll('"', '') }),
              ...payload.input,
            })
            const { ETag, VersionId } = await send(payload.prepare(command), signal)
            return { etag: ETag!, durable: true, ...(VersionId === undefined ? {} : { versionId: VersionId }) }
          })
        })(),
      ),

    get: async (rawKey, { range, signal } = {}) => {
      const key = sanitizeKey(rawKey)
      const Range = range && formatRange(range)
      // As in URLs (presign.ts): Workers' fetch would decode by an encoding that who uploaded has named.
      const ResponseContentEncoding = 'identity'
      const read = () => send(new GetObjectCommand({ Bucket, Key: key, Range, ResponseContentEncoding }), signal)
      const answer = await revokingGrants(connection, key, read, signal)
      const { size, ...span } = toSpan(answer)
      return { info: { ...toObjectInfo(key, answer), size }, span, body: readBody(answer, span) }
    },

    exists: async (key, call = {}) => {
      try {
        await head(key, call)
        return true
      } catch (error) {
        if ((error as { code?: string }).code === 'not_found') return false
        throw error
      }
    },

    delete: async (rawKey, { before, signal } = {}) => {
      const key = sanitizeKey(rawKey)
      if (before !== undefined) return deleteBefore(connection, key, before, signal)
      await send(new DeleteObjectCommand({ Bucket, Key: key }), signal)
    },

    list: async (prefix, { cursor, limit = check.MAX_PAGE, signal } = {}) => {
      const Prefix = sanitizePrefix(prefix)
      check.checkLimit(limit)
      const page = await send(
        new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: limit, ContinuationToken: cursor }),
        signal,
      )
      return {
        objects: (page.Contents ?? []).map(toListed),
        ...(page.IsTruncated && page.NextContinuationToken ? { cursor: page.NextContinuationToken } : {}),
      }
    },

    copy: async (from, to, call = {}) => {
      const source = sanitizeKey(from).split('/').map(encodeURIComponent).join('/')
      const CopySource = `${Bucket}/${source}`
      const Key = sanitizeKey(to)
      // S3 refuses to copy an object onto itself.
      if (Key === sanitizeKey(from)) return void (await head(from, call))
      await send(new CopyObjectCommand({ Bucket, Key, CopySource }), call.signal)
    },

    signPut: async ({ key, size, type, sha256, expiresIn }) => {
      const path = sanitizeKey(key)
      check.checkSize(size)
      check.checkType(type)
      return presignPublic.upload(
        path,
        {},
        { size, sha256, expiresIn },
        { 'content-type': type, 'if-none-match': '*' },
        integrity,
      )
    },

    signGet: async ({ key, expiresIn, responseType, responseDisposition }) =>
      presignPublic.download(
        sanitizeKey(key),
        {
          ...(responseType === undefined ? {} : { 'response-content-type': responseType }),
          ...(responseDisposition === undefined ? {} : { 'response-content-disposition': responseDisposition }),
        },
        expiresIn,
      ),

    multipart: s3Multipart(connection, integrity),

    bucketId: (signal) => bucketId(connection, signal),

    checkHealth: async (call = {}) => {
      const began = performance.now()
      const error = await send(new HeadBucketCommand({ Bucket }), call.signal).then(
        () => undefined,
        (failure: Error) => failure.message,
      )
      const latencyMs = Math.round((performance.now() - began) * 10) / 10
      return { ok: error === undefined, mode: 's3', integrity, latencyMs, ...(error && { error }) }
    },

    close: async () => client.destroy(),
  }
}
