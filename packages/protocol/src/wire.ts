/** The shapes of the signer HTTP contract, v1. Their schemas are in `@rockpool/protocol/schema`. */
import type { QuotaUsage, WireErrorCode } from './errors.ts'
import type { RemoteKey } from './remote-key.ts'

/** What may be done in a store. `admin`: make buckets, and release files that are held. */
export type Right = 'read' | 'write' | 'delete' | 'admin'

/** The claims of a token that the signer and the sync backend read. */
export interface TokenClaims {
  readonly sub: string
  readonly stores: Readonly<Record<string, readonly Right[]>>
  /** unix time in seconds */
  readonly exp?: number
}

export type BucketAccess = 'public' | 'store' | 'owner'

/** A named policy inside a store. */
export interface BucketRules {
  readonly access: BucketAccess
  /** allowed media types, `image/*` or `image/png`; none given: all */
  readonly types?: readonly string[]
  /** largest content in bytes */
  readonly maxSize?: number
  /** nobody reads a new content until it is released; for servers, devices need not know */
  readonly hold?: HoldRules
}

export interface HoldRules {
  /** how long content waits for its release */
  readonly waitSeconds: number
  /** what happens to the files of content that was refused, or not released in time */
  readonly refused: 'keep' | 'delete'
}

/** Bucket name to rules. Only configured buckets exist. */
export type Buckets = Readonly<Record<string, BucketRules>>

/**
 * The buckets of a store, where stores have buckets of their own. Called at each request.
 *
 * @param bucket the one that the caller needs, unless it needs all of them
 */
export type BucketsOf = (storeId: string, bucket?: string) => Buckets | Promise<Buckets>

/** The bucket that exists when nothing is configured. */
export const DEFAULT_BUCKETS: Buckets = { files: { access: 'store' } }

/** A presigned request: send exactly these headers, before `expiresAt` (unix ms). */
export interface SignedRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface DownloadUrlRequest {
  readonly key: RemoteKey
  /** the record's type; used for the response if passive and allowed */
  readonly type?: string
  readonly disposition?: 'inline' | 'attachment'
  /** file name for the disposition */
  readonly name?: string
  /** seconds, 60 by default, 3,600 at most */
  readonly expiresIn?: number
  /** HEAD first: `not_found` when the object store lacks it */
  readonly check?: boolean
}

export interface DownloadUrl {
  readonly url: string
  /** presigned GET of the digest list (32 x N bytes) of content of several parts */
  readonly partsUrl?: string
  /** unix ms */
  readonly expiresAt: number
  /** with `check`: as in {@link StoredContent} */
  readonly receipt?: string
}

/** The object store has the content. `durable: false`: hybrid's local side only, keep your copy. */
export interface StoredContent {
  readonly durable: boolean
  readonly etag?: string
  readonly versionId?: string
  /** proves this to the sync server, see `parseReceipt`; left out by a signer without a receipt secret */
  readonly receipt?: string
}

/** Nothing to upload: the content is there already. */
export interface Stored extends StoredContent {
  readonly status: 'stored'
}

export interface UploadUrlRequest {
  readonly key: RemoteKey
  /** bytes; one part at most */
  readonly size: number
  readonly type: string
  /** repeats the call after the PUT, or after one that may have arrived: required by a response with `confirm` */
  readonly sent?: boolean
}

/** Items in one batch call, at most. */
export const BATCH_LIMIT = 100

/** Parts signed by one call, at most. */
export const SIGNED_PARTS_LIMIT = 100

export interface UploadUrlsRequest {
  /** at most {@link BATCH_LIMIT} */
  readonly items: readonly UploadUrlRequest[]
}

/** One result per item, in the order of the request. */
export interface UploadUrls {
  readonly items: readonly BatchItem<UploadUrl>[]
}

export interface DownloadUrlsRequest {
  /** at most {@link BATCH_LIMIT} */
  readonly keys: readonly RemoteKey[]
}

/** One result per key, in the order of the request. */
export interface DownloadUrls {
  readonly items: readonly BatchItem<DownloadUrl>[]
}

export type UploadUrl =
  | Stored
  | ({
      readonly status: 'put'
      readonly expiresAt: number
      /** Repeat the call with `sent` after the PUT: the response has the receipt, and `object.created` is emitted. */
      readonly confirm?: boolean
    } & SignedRequest)

export interface MultipartRequest {
  readonly key: RemoteKey
  readonly size: number
  readonly type: string
  /** base64 of the digest list, 32 x N bytes */
  readonly digests: string
  readonly uploadId?: string
}

export type MultipartUpload =
  | Stored
  | { readonly uploadId: string; readonly partSize: number; readonly uploaded: readonly number[] }

export interface MultipartPartsRequest {
  readonly key: RemoteKey
  readonly size: number
  readonly uploadId: string
  /** left out at first: the signer may remember the list, and says when it does not */
  readonly digests?: string
  /** 1 to N, each once; at most {@link SIGNED_PARTS_LIMIT} */
  readonly numbers: readonly number[]
}

export interface SignedParts {
  readonly parts: readonly ({ readonly number: number } & SignedRequest)[]
  readonly expiresAt: number
}

/** `digests_needed`: the signer does not remember the list. Ask again with it. */
export type MultipartParts = SignedParts | { readonly status: 'digests_needed' }

export interface MultipartCompleteRequest {
  readonly key: RemoteKey
  readonly size: number
  readonly uploadId: string
  readonly digests: string
}

export interface MultipartAbortRequest {
  readonly key: RemoteKey
  readonly uploadId: string
}

/** One item of a batch: its result, or its error. */
export type BatchItem<A> = A | WireErrorResponse

/** The body of every error response. */
export interface WireErrorResponse {
  readonly error: WireError
}

export interface WireError {
  readonly code: WireErrorCode
  readonly message: string
  /** with `quota_exceeded` */
  readonly usage?: QuotaUsage
}
