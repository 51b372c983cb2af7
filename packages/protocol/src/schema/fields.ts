/** The fields that the contract's requests and answers are made of. */
import * as Schema from 'effect/Schema'
import { type ContentAddress as ContentAddressType, DIGEST_SIZE, MAX_PARTS, parseAddress } from '../content-address.ts'
import { WIRE_ERRORS, type WireErrorCode as WireErrorCodeType } from '../errors.ts'
import { isMediaType } from '../media-type.ts'
import { parseReceipt } from '../receipt.ts'
import { isStoreId, parseRemoteKey, type RemoteKey as RemoteKeyType } from '../remote-key.ts'

export const ContentAddress = Schema.String.pipe(
  Schema.filter((text): text is ContentAddressType => parseAddress(text) !== undefined, {
    identifier: 'ContentAddress',
    description: 'SHA-256 of the bytes, or of the digests of their N parts of 8 MiB and "-N".',
    message: () => 'a content address has 64 hex digits, and "-N" when it has N parts',
    jsonSchema: { type: 'string', pattern: '^[0-9a-f]{64}(-[1-9][0-9]{0,4})?$' },
  }),
)

export const RemoteKey = Schema.String.pipe(
  Schema.filter((text): text is RemoteKeyType => parseRemoteKey(text) !== undefined, {
    identifier: 'RemoteKey',
    description: 'Where a content lives: <storeId>/<bucket>[/<owner>]/<address>.',
    message: () => 'a key is <storeId>/<bucket>/<address>, or <storeId>/<bucket>/<owner>/<address>',
    jsonSchema: {
      type: 'string',
      pattern: '^[A-Za-z0-9_-]{1,128}(/[A-Za-z0-9_-]{1,128}(/u_[A-Za-z0-9_-]{32})?)?/[0-9a-f]{64}(-[1-9][0-9]{0,4})?$',
    },
  }),
)

export const StoreId = Schema.String.pipe(
  Schema.filter((text) => isStoreId(text), {
    identifier: 'StoreId',
    message: () => 'a storeId has 1 to 128 letters, digits, "_" and "-", and is no reserved word',
    jsonSchema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,128}$' },
  }),
)

/** Bytes. Whether it fits the key's address is checked where both are known. */
export const Size = Schema.Number.pipe(
  Schema.filter((size) => Number.isSafeInteger(size) && size >= 0, {
    identifier: 'Size',
    description: 'Bytes.',
    message: () => 'a size is a whole number of bytes, 0 or more',
    jsonSchema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  }),
)

/** Unix time in ms. */
export const Time = Schema.Int.pipe(Schema.nonNegative()).annotations({
  identifier: 'Time',
  description: 'Unix time in milliseconds.',
})

export const MediaType = Schema.String.pipe(
  Schema.filter((text) => isMediaType(text), {
    identifier: 'MediaType',
    message: () => 'a type is a media type such as image/png, of at most 255 characters',
    jsonSchema: { type: 'string', maxLength: 255 },
  }),
)

/** Base64 of a digest list: 32 bytes for each of 1 to 10,000 parts. */
export const DigestList = Schema.String.pipe(
  Schema.filter((text) => digestCount(text) !== undefined, {
    identifier: 'DigestList',
    description: 'Base64 of the SHA-256 digests of all parts, one after the other.',
    message: () => `digests are base64 of ${DIGEST_SIZE} bytes for each of 1 to ${MAX_PARTS} parts`,
    jsonSchema: { type: 'string', contentEncoding: 'base64' },
  }),
)

/** How many digests the base64 text holds, without decoding it; undefined when it is no digest list. */
export const digestCount = (text: string): number | undefined => {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const count = ((text.length / 4) * 3 - padding) / DIGEST_SIZE
  return Number.isInteger(count) && count <= MAX_PARTS ? count : undefined
}

/** Opaque; vendors' ids have up to some hundred visible characters. */
export const UploadId = Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]{1,2048}$/)).annotations({
  identifier: 'UploadId',
  message: () => 'an uploadId is what /multipart answered',
})

export const Receipt = Schema.String.pipe(
  Schema.filter((text) => parseReceipt(text) !== undefined, {
    identifier: 'Receipt',
    description: 'The signer saw the content in object storage: r1.<size>.<unix ms>.<HMAC>. For v2.ContentStored.',
    message: () => 'a receipt is what the signer answered',
    jsonSchema: { type: 'string', pattern: '^r1\\.\\d{1,15}\\.\\d{1,15}\\.[A-Za-z0-9_-]{43}$' },
  }),
)

export const PartNumber = Schema.Int.pipe(Schema.between(1, MAX_PARTS)).annotations({ identifier: 'PartNumber' })

export const WireErrorCode = Schema.Literal(...(Object.keys(WIRE_ERRORS) as [WireErrorCodeType])).annotations({
  identifier: 'WireErrorCode',
})

/** A field that may be left out. */
export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
