import * as Schema from 'effect/Schema'
import { addressFits, addressParts } from '../content-address.ts'
import { type Hashing, WEB_HASHING } from '../hashing.ts'
import { addressOfKey, type RemoteKey as RemoteKeyType } from '../remote-key.ts'
import { BATCH_LIMIT, SIGNED_PARTS_LIMIT } from '../wire.ts'
import { digestCount, DigestList, MediaType, optional, PartNumber, RemoteKey, Size, UploadId } from './fields.ts'

const downloadFields = {
  type: optional(MediaType),
  disposition: optional(Schema.Literal('inline', 'attachment')),
  name: optional(Schema.String.pipe(Schema.maxLength(1_024))),
}

/** Seconds. How many are allowed is the signer's configuration. */
const Seconds = Schema.Int.pipe(Schema.positive())

export const DownloadUrlRequest = Schema.Struct({
  key: RemoteKey,
  ...downloadFields,
  expiresIn: optional(Seconds),
  check: optional(Schema.Boolean),
}).annotations({ identifier: 'DownloadUrlRequest' })

/** {@link DownloadUrlRequest} as the query of `GET /download-url` has it: all text, `check=1`. */
export const DownloadUrlQuery = Schema.Struct({
  key: RemoteKey,
  ...downloadFields,
  expiresIn: optional(Schema.NumberFromString.pipe(Schema.compose(Seconds))),
  check: optional(
    Schema.transform(Schema.Literal('0', '1'), Schema.Boolean, {
      strict: true,
      decode: (text) => text === '1',
      encode: (check) => (check ? '1' : '0'),
    }),
  ),
})

export const DownloadUrlsRequest = Schema.Struct({
  keys: Schema.Array(RemoteKey).pipe(Schema.maxItems(BATCH_LIMIT)),
}).annotations({ identifier: 'DownloadUrlsRequest' })

/** The batches with items not looked at yet, since one bad item fails alone. */
export const UploadUrlsEnvelope = Schema.Struct({
  items: Schema.Array(Schema.Unknown).pipe(Schema.maxItems(BATCH_LIMIT)),
})
export const DownloadUrlsEnvelope = Schema.Struct({
  keys: Schema.Array(Schema.Unknown).pipe(Schema.maxItems(BATCH_LIMIT)),
})

export const MultipartAbortRequest = Schema.Struct({ key: RemoteKey, uploadId: UploadId }).annotations({
  identifier: 'MultipartAbortRequest',
})

const keyAndSize = { key: RemoteKey, size: Size }
const describedParts = { ...keyAndSize, digests: DigestList }

/** The requests that name content of a size: whether it fits the key depends on the size of parts. */
export const requestSchemas = (hashing: Pick<Hashing, 'partSize'> = WEB_HASHING) => {
  const { partSize } = hashing

  const sizeFitsKey = ({ key, size }: { readonly key: RemoteKeyType; readonly size: number }) =>
    addressFits(addressOfKey(key), size, hashing) || {
      path: ['size'],
      message: `a content of ${size} bytes cannot have the address of this key`,
    }

  /** Whether key, size and digests speak of the same number of parts, several. */
  const describesParts = (content: {
    readonly key: RemoteKeyType
    readonly size: number
    readonly digests?: string
  }) => {
    const parts = addressParts(addressOfKey(content.key))
    if (parts === 1) return { path: ['key'], message: 'a content of one part goes by /upload-url' }
    if (content.digests !== undefined && digestCount(content.digests) !== parts) {
      return { path: ['digests'], message: `a content of ${parts} parts has ${parts} digests` }
    }
    return sizeFitsKey(content)
  }

  const UploadUrlRequest = Schema.Struct({ ...keyAndSize, type: MediaType, sent: optional(Schema.Boolean) })
    .pipe(
      Schema.filter(sizeFitsKey, { jsonSchema: {} }),
      Schema.filter(
        ({ size }) =>
          size <= partSize || { path: ['size'], message: `more than ${partSize} bytes go by /multipart, in parts` },
        { jsonSchema: {} },
      ),
    )
    .annotations({ identifier: 'UploadUrlRequest' })

  const UploadUrlsRequest = Schema.Struct({
    items: Schema.Array(UploadUrlRequest).pipe(Schema.maxItems(BATCH_LIMIT)),
  }).annotations({ identifier: 'UploadUrlsRequest' })

  const MultipartRequest = Schema.Struct({ ...describedParts, type: MediaType, uploadId: optional(UploadId) })
    .pipe(Schema.filter(describesParts, { jsonSchema: {} }))
    .annotations({ identifier: 'MultipartRequest' })

  const MultipartPartsRequest = Schema.Struct({
    ...describedParts,
    digests: optional(DigestList),
    uploadId: UploadId,
    numbers: Schema.Array(PartNumber).pipe(Schema.minItems(1), Schema.maxItems(SIGNED_PARTS_LIMIT)),
  })
    .pipe(
      Schema.filter(describesParts, { jsonSchema: {} }),
      Schema.filter(
        ({ key, numbers }) =>
          (new Set(numbers).size === numbers.length && numbers.every((n) => n <= addressParts(addressOfKey(key)))) || {
            path: ['numbers'],
            message: `part numbers are 1 to ${addressParts(addressOfKey(key))} here, each once`,
          },
        { jsonSchema: {} },
      ),
    )
    .annotations({ identifier: 'MultipartPartsRequest' })

  const MultipartCompleteRequest = Schema.Struct({ ...describedParts, uploadId: UploadId })
    .pipe(Schema.filter(describesParts, { jsonSchema: {} }))
    .annotations({ identifier: 'MultipartCompleteRequest' })

  return { UploadUrlRequest, UploadUrlsRequest, MultipartRequest, MultipartPartsRequest, MultipartCompleteRequest }
}

/** Of the contract: in parts of 8 MiB. */
export const {
  UploadUrlRequest,
  UploadUrlsRequest,
  MultipartRequest,
  MultipartPartsRequest,
  MultipartCompleteRequest,
} = requestSchemas()
