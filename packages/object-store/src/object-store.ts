/** The port of durable object storage: a folder, an S3 bucket, or both. */
import type { ByteRange, ByteSpan, ContentAddress, SignedRequest, StoredContent } from '@rockpool/protocol'

/** `s3`: an S3 bucket. `local`: a folder. `hybrid`: a folder that is replicated to an S3 bucket. */
export type StoreMode = 'local' | 's3' | 'hybrid'

/**
 * How the store enforces the signed bytes: `checksum` (it stores the SHA-256 and can prove it at any later time)
 * or `payload` (it checks the SHA-256 once, when the request arrives).
 */
export type IntegrityMode = 'checksum' | 'payload'

/** Bytes to store. A stream is read once, with back pressure, and cancelled when the call fails. */
export type ObjectBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface DeleteOptions extends CallOptions {
  /**
   * `performance.now()` after which the delete has no effect any more, also one that is still on its way to another machine, and
   * whatever becomes of this process. No limit unless set
   */
  readonly before?: number
}

export interface PutOptions extends CallOptions {
  /** exact length of the body in bytes, at most 5 GiB; any other length is refused */
  readonly size: number
  /** media type, octet-stream when not given */
  readonly type?: string
  /** SHA-256 of the body, 32 bytes; another body is refused */
  readonly sha256?: Uint8Array<ArrayBuffer>
  /** `*`: write once, `precondition_failed` when the key exists. Left out: replaces what is there */
  readonly ifNoneMatch?: '*'
  /** replace only the object of this etag, as it was given: `precondition_failed` when there is another one or none */
  readonly ifMatch?: string
}

export interface ObjectInfo {
  readonly key: string
  /** bytes */
  readonly size: number
  readonly type: string
  /** quoted, as in the HTTP header */
  readonly etag: string
  /** unix ms */
  readonly modifiedAt: number
  /** the content address that the store itself has verified, if it keeps one */
  readonly address?: ContentAddress
  readonly versionId?: string
  /** false: only the hybrid store's local side has it yet */
  readonly durable: boolean
}

export interface GetOptions extends CallOptions {
  /** the whole object when not given */
  readonly range?: ByteRange
}

export interface ObjectRead {
  /** of the whole object */
  readonly info: ObjectInfo
  /** which bytes the body has */
  readonly span: ByteSpan
  /** errors with `unavailable` when it breaks off; cancel it when you don't read to its end */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
}

export interface ListOptions extends CallOptions {
  /** resume after the page that returned this cursor */
  readonly cursor?: string
  /** keys in a page, 1 to 1,000 (the default) */
  readonly limit?: number
}

export interface ListedObject {
  readonly key: string
  /** bytes */
  readonly size: number
  /** unix ms */
  readonly modifiedAt: number
  /** quoted, as in the HTTP header */
  readonly etag: string
}

export interface ObjectPage {
  /** ascending by the key's UTF-8 bytes */
  readonly objects: readonly ListedObject[]
  /** undefined on the last page */
  readonly cursor?: string
}

/** A presigned upload: its holder may send exactly these bytes, once, with exactly the returned headers. */
export interface SignPutRequest {
  readonly key: string
  /** bytes */
  readonly size: number
  readonly type: string
  /** 32 bytes */
  readonly sha256: Uint8Array<ArrayBuffer>
  /** seconds, 1 to 604,800 */
  readonly expiresIn: number
}

export interface SignPartRequest {
  readonly key: string
  readonly uploadId: string
  /** 1 to 10,000 */
  readonly number: number
  /** bytes */
  readonly size: number
  /** 32 bytes */
  readonly sha256: Uint8Array<ArrayBuffer>
  /** seconds, 1 to 604,800 */
  readonly expiresIn: number
}

export interface SignGetRequest {
  readonly key: string
  /** seconds, 1 to 604,800 */
  readonly expiresIn: number
  /** the response's content-type, instead of the stored one */
  readonly responseType?: string
  /** the response's content-disposition */
  readonly responseDisposition?: string
}

/** A {@link SignedRequest} and the moment (unix ms) when it stops working. */
export interface Presigned extends SignedRequest {
  readonly expiresAt: number
}

export interface UploadedPart {
  /** 1 to 10,000 */
  readonly number: number
  /** bytes */
  readonly size: number
  readonly etag: string
  /** SHA-256 that the store itself has verified, 32 bytes, if it keeps one */
  readonly sha256?: Uint8Array<ArrayBuffer>
}

export interface PutPartOptions extends CallOptions {
  /** exact length of the part in bytes; any other length is refused */
  readonly size: number
  /** SHA-256 of the part, 32 bytes; another body is refused */
  readonly sha256: Uint8Array<ArrayBuffer>
}

/** Multipart uploads. The store holds their whole state: any process can resume an upload of another one. */
export interface MultipartUploads {
  /** Starts an upload and names it. */
  start(key: string, options: { readonly type: string } & CallOptions): Promise<string>

  /** A URL for one part of exactly these bytes. Does not ask whether the upload exists. */
  signPart(request: SignPartRequest): Promise<Presigned>

  /** Stores one part. Sending a number again replaces it. @throws `upload_not_found`, and what `put` throws */
  putPart(
    key: string,
    uploadId: string,
    number: number,
    body: ObjectBody,
    options: PutPartOptions,
  ): Promise<UploadedPart>

  /** The uploadIds of this very key that were started and neither completed nor aborted, in no certain order. */
  listUploads(key: string, options?: CallOptions): Promise<readonly string[]>

  /** All parts that have arrived, ascending by number, through all pages. @throws `upload_not_found` */
  listParts(key: string, uploadId: string, options?: CallOptions): Promise<readonly UploadedPart[]>

  /**
   * Completes the upload with all parts, as returned by {@link listParts}. Replaces an existing object.
   *
   * @throws `upload_not_found` (at some vendors not when it was completed before), `conflict` when a part is not there as given, when one
   *   is left out (vendors differ, so don't), or when one other than the last is under 5 MiB (S3 only)
   */
  complete(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    options?: CallOptions,
  ): Promise<StoredContent & { readonly etag: string }>

  /** Aborts an upload and deletes its parts. Does nothing when there is none. */
  abort(key: string, uploadId: string, options?: CallOptions): Promise<void>
}

export interface StoreHealth {
  /** objects can be read and, unless it is `full`, written */
  readonly ok: boolean
  /** there is no room: reads work, writes fail with `no_space` */
  readonly full?: boolean
  readonly mode: StoreMode
  readonly integrity: IntegrityMode
  /** of the probe */
  readonly latencyMs: number
  /** the problem, if there is one; also of a hybrid store that works without its S3 side */
  readonly error?: string
  /** hybrid: works, but is not replicating to S3 at the moment */
  readonly degraded?: boolean
  /** hybrid: objects that S3 still lacks */
  readonly pending?: number
}

/**
 * Durable object storage. Every method throws an {@link ObjectStoreError}: `bad_key` for a key that `sanitizeKey`
 * refuses, `bad_request` for wrong arguments, `aborted`, `unavailable`, `denied`, and the codes documented beside it.
 *
 * Adapters: local, s3, hybrid; in-memory. Acceptance suite: `objectStoreSuite` in `@rockpool/object-store/testing`.
 */
export interface ObjectStore {
  readonly mode: StoreMode
  readonly integrity: IntegrityMode

  /**
   * Stores an object. It is complete and durable when the promise resolves. After an error nothing of it remains.
   *
   * @throws `precondition_failed`, `too_large` (a body longer than `size`, or over 5 GiB), `bad_request` (a shorter one),
   *   `digest_mismatch`, `no_space`
   */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<StoredContent & { readonly etag: string }>

  /** Reads an object, or a range of it. @throws `not_found`, `range_not_satisfiable` */
  get(key: string, options?: GetOptions): Promise<ObjectRead>

  /** The object's metadata. @throws `not_found` */
  head(key: string, options?: CallOptions): Promise<ObjectInfo>

  /** Whether there is an object of this key. */
  exists(key: string, options?: CallOptions): Promise<boolean>

  /** Deletes an object. Does nothing when there is none. @throws `unavailable` when it is too late for `before` */
  delete(key: string, options?: DeleteOptions): Promise<void>

  /** One page of the objects whose key starts with `prefix` ('' for all). */
  list(prefix: string, options?: ListOptions): Promise<ObjectPage>

  /**
   * Gives an object's bytes and type a second key, replacing what is there. S3 refuses to over 5 GiB; the command
   * `rockpool-server copy` has no such limit.
   *
   * @throws `not_found`, `no_space`
   */
  copy(from: string, to: string, options?: CallOptions): Promise<void>

  /** A URL for one upload of exactly these bytes, to a key without an object (`if-none-match: *`). */
  signPut(request: SignPutRequest): Promise<Presigned>

  /** A URL to read an object, with Range. Does not ask whether it exists. */
  signGet(request: SignGetRequest): Promise<Presigned>

  readonly multipart: MultipartUploads

  /** Probes the store. Returns `ok: false` when it is down; does not throw. */
  checkHealth(options?: CallOptions): Promise<StoreHealth>

  /** Ends background work and releases locks. The store cannot be used afterwards. */
  close(): Promise<void>
}
