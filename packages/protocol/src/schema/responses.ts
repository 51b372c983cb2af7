import * as Schema from 'effect/Schema'
import { optional, PartNumber, Receipt, Size, Time, UploadId, WireErrorCode } from './fields.ts'

export const QuotaUsage = Schema.Struct({
  of: Schema.Literal('store', 'user'),
  unit: Schema.Literal('bytes', 'files'),
  used: Schema.JsonNumber,
  limit: Schema.JsonNumber,
}).annotations({ identifier: 'QuotaUsage' })

export const WireError = Schema.Struct({
  code: WireErrorCode,
  message: Schema.String,
  usage: optional(QuotaUsage),
}).annotations({
  identifier: 'WireError',
})

export const WireErrorResponse = Schema.Struct({ error: WireError }).annotations({ identifier: 'WireErrorResponse' })

const storedFields = {
  durable: Schema.Boolean,
  etag: optional(Schema.String),
  versionId: optional(Schema.String),
  receipt: optional(Receipt),
}
const signedFields = {
  url: Schema.NonEmptyString,
  headers: Schema.Record({ key: Schema.String, value: Schema.String }),
}

export const StoredContent = Schema.Struct(storedFields).annotations({ identifier: 'StoredContent' })

export const Stored = Schema.Struct({ status: Schema.Literal('stored'), ...storedFields }).annotations({
  identifier: 'Stored',
})

export const SignedRequest = Schema.Struct(signedFields).annotations({ identifier: 'SignedRequest' })

export const DownloadUrl = Schema.Struct({
  url: Schema.NonEmptyString,
  partsUrl: optional(Schema.NonEmptyString),
  expiresAt: Time,
  receipt: optional(Receipt),
}).annotations({ identifier: 'DownloadUrl' })

export const UploadUrl = Schema.Union(
  Stored,
  Schema.Struct({ status: Schema.Literal('put'), ...signedFields, expiresAt: Time, confirm: optional(Schema.Boolean) }),
).annotations({ identifier: 'UploadUrl' })

export const UploadUrls = Schema.Struct({
  items: Schema.Array(Schema.Union(UploadUrl, WireErrorResponse)),
}).annotations({ identifier: 'UploadUrls' })

export const DownloadUrls = Schema.Struct({
  items: Schema.Array(Schema.Union(DownloadUrl, WireErrorResponse)),
}).annotations({ identifier: 'DownloadUrls' })

export const MultipartUpload = Schema.Union(
  Stored,
  Schema.Struct({ uploadId: UploadId, partSize: Size, uploaded: Schema.Array(PartNumber) }),
).annotations({ identifier: 'MultipartUpload' })

export const MultipartParts = Schema.Union(
  Schema.Struct({
    parts: Schema.Array(Schema.Struct({ number: PartNumber, ...signedFields })),
    expiresAt: Time,
  }),
  Schema.Struct({ status: Schema.Literal('digests_needed') }),
).annotations({ identifier: 'MultipartParts' })
