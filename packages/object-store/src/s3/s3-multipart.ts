/** S3's own multipart uploads: the bucket holds all state. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type Part,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { fromBase64, toBase64 } from '@rockpool/protocol'
import * as check from '../check-arguments.ts'
import { isObjectStoreError, ObjectStoreError } from '../errors.ts'
import { orDiscard } from '../exact-body.ts'
import { sanitizeKey } from '../object-key.ts'
import type { IntegrityMode, MultipartUploads, UploadedPart } from '../object-store.ts'
import type { S3Connection } from './connection.ts'
import { withPayload } from './send-body.ts'

export const s3Multipart = (connection: S3Connection, integrity: IntegrityMode): MultipartUploads => {
  const { Bucket, presignPublic } = connection

  /** Ceph says NoSuchKey of an upload of another key. */
  const send: S3Connection['send'] = async (command, signal) => {
    try {
      return await connection.send(command, signal)
    } catch (error) {
      if (!isObjectStoreError(error, 'not_found')) throw error
      throw new ObjectStoreError('upload_not_found', 'There is no such upload of this key. Start a new one.', {
        cause: error,
      })
    }
  }

  const listParts: MultipartUploads['listParts'] = async (rawKey, UploadId, call = {}) => {
    const Key = sanitizeKey(rawKey)
    const parts: UploadedPart[] = []
    let PartNumberMarker: string | undefined
    for (;;) {
      const page: ListPartsCommandOutput = await send(
        new ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker }),
        call.signal,
      )
      for (const part of page.Parts ?? []) parts.push(toPart(part))
      if (!page.IsTruncated || !page.NextPartNumberMarker) return parts
      PartNumberMarker = page.NextPartNumberMarker
    }
  }

  const listUploads: MultipartUploads['listUploads'] = async (rawKey, call = {}) => {
    const Key = sanitizeKey(rawKey)
    const ids: string[] = []
    let from: { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined } = {}
    for (;;) {
      const page: ListMultipartUploadsCommandOutput = await connection.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: Key, ...from }),
        call.signal,
      )
      for (const upload of page.Uploads ?? []) if (upload.Key === Key) ids.push(upload.UploadId!)
      if (!page.IsTruncated || !page.NextKeyMarker) return ids
      from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    }
  }

  return {
    start: async (rawKey, { type, signal }) => {
      const Key = sanitizeKey(rawKey)
      check.checkType(type)
      const checksum = { ChecksumAlgorithm: 'SHA256', ChecksumType: 'COMPOSITE' } as const
      const { UploadId } = await send(
        new CreateMultipartUploadCommand({
          Bucket,
          Key,
          ContentType: type,
          ...(integrity === 'checksum' ? checksum : {}),
        }),
        signal,
      )
      return UploadId!
    },

    signPart: async ({ key, uploadId, number, size, sha256, expiresIn }) => {
      const path = sanitizeKey(key)
      check.checkSize(size)
      check.checkPartNumber(number)
      return presignPublic.upload(
        path,
        { partNumber: String(number), uploadId },
        { size, sha256, expiresIn },
        {},
        integrity,
      )
    },

    putPart: (rawKey, UploadId, number, body, options) =>
      orDiscard(
        body,
        (async () => {
          const Key = sanitizeKey(rawKey)
          check.checkSize(options.size)
          check.checkDigest(options.sha256)
          check.checkPartNumber(number)
          return withPayload(body, options, integrity, async (payload, signal) => {
            const command = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: number, ...payload.input })
            const { ETag, ChecksumSHA256 } = await send(payload.prepare(command), signal)
            return { number, size: options.size, etag: ETag!, ...verifiedDigest(ChecksumSHA256) }
          })
        })(),
      ),

    listUploads,
    listParts,

    complete: async (rawKey, UploadId, parts, call = {}) => {
      const Key = sanitizeKey(rawKey)
      if (parts.length === 0) throw new ObjectStoreError('bad_request', 'An upload needs at least one part.')
      const Parts = parts.map(({ number, etag, sha256 }) => ({
        PartNumber: number,
        ETag: etag,
        ...(sha256 ? { ChecksumSHA256: toBase64(sha256) } : {}),
      }))
      const command = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })
      const { ETag, VersionId } = await send(command, call.signal).catch(async (error: unknown) => {
        // Ceph 16 answers 500 for an upload that was aborted: asked for its parts, it says that there is none.
        if (isObjectStoreError(error, 'unavailable')) await listParts(Key, UploadId, call)
        throw error
      })
      // Ceph leaves it empty, and gives it without quotes when the upload was completed before.
      const etag = ETag || (await send(new HeadObjectCommand({ Bucket, Key }), call.signal)).ETag!
      const quoted = etag.startsWith('"') ? etag : `"${etag}"`
      return { etag: quoted, durable: true, ...(VersionId === undefined ? {} : { versionId: VersionId }) }
    },

    abort: async (rawKey, UploadId, call = {}) => {
      const Key = sanitizeKey(rawKey)
      try {
        await send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), call.signal)
      } catch (error) {
        if (!isObjectStoreError(error, 'upload_not_found')) throw error
      }
    },
  }
}

const toPart = (part: Part): UploadedPart => ({
  number: part.PartNumber!,
  size: part.Size!,
  etag: part.ETag!,
  ...verifiedDigest(part.ChecksumSHA256),
})

const verifiedDigest = (checksum = ''): { readonly sha256?: Uint8Array<ArrayBuffer> } => {
  const sha256 = checksum === '' ? undefined : fromBase64(checksum)
  return sha256 ? { sha256 } : {}
}
