/** The port to what keeps the artifacts: S3, or a Rockpool server in front of any object store. */
import type { ArtifactKey, ContentAddress } from '@rockpool/protocol'
import type { Chunks } from '../chunks.ts'

export interface StoredObject {
  /** bytes */
  readonly size: number
  readonly type: string
  /** quoted, as in the HTTP header */
  readonly etag: string
  /** what the store says of the content; `get` verifies it. Undefined: only the bytes can tell */
  readonly address: ContentAddress | undefined
}

export interface ListedObject {
  /** any key below the prefix: another client may have written keys outside the grammar */
  readonly key: string
  /** bytes */
  readonly size: number
  readonly etag: string
  /** unix ms */
  readonly modifiedAt: number
}

export interface ObjectPage {
  /** at most 1,000, ascending by key */
  readonly objects: readonly ListedObject[]
  /** undefined on the last page */
  readonly cursor: string | undefined
}

export interface Slice {
  /** the bytes, in pieces of any size; none when there are no bytes */
  readonly chunks: Chunks
  /** of the bytes, 32 bytes */
  readonly sha256: Uint8Array<ArrayBuffer>
  /** of the whole object, in bytes */
  readonly size: number
  readonly etag: string
}

/** `absent`: only where no object is; `{ etag }`: only in place of that object; undefined: whatever is there */
export type Precondition = 'absent' | { readonly etag: string } | undefined

export interface WriteOptions {
  readonly type: string
  /** of the bytes, 32 bytes: the store refuses others */
  readonly sha256: Uint8Array<ArrayBuffer>
  readonly precondition: Precondition
}

export interface UploadedPart {
  /** 1 to 10,000 */
  readonly number: number
  readonly etag: string
}

/**
 * Every call is repeated while the store fails for a moment, and throws an {@link ArtifactError}: `forbidden`, `no_bucket`,
 * `unavailable`, `aborted`, and what is said beside it. A write is complete and durable when its promise resolves.
 */
export interface ArtifactStorage {
  /** @throws `not_found` */
  head(key: ArtifactKey, signal?: AbortSignal): Promise<StoredObject>

  /**
   * Reads at most one part, from `start`, up to `end` (exclusive) or the object's end.
   *
   * @param etag fails with `changed` when the object is another one
   * @throws `not_found`
   */
  read(
    key: ArtifactKey,
    range: { readonly start: number; readonly end: number },
    etag: string | undefined,
    signal?: AbortSignal,
  ): Promise<Slice>

  /** @throws `changed` when the precondition does not hold */
  write(
    key: ArtifactKey,
    bytes: Uint8Array<ArrayBuffer>,
    options: WriteOptions,
    signal?: AbortSignal,
  ): Promise<{ readonly etag: string }>

  list(prefix: string, cursor: string | undefined, signal?: AbortSignal): Promise<ObjectPage>

  /** Nothing happens when there is no such object. */
  remove(key: string, signal?: AbortSignal): Promise<void>

  /** Starts an upload in parts, and names it. */
  startUpload(key: ArtifactKey, type: string, signal?: AbortSignal): Promise<string>

  uploadPart(
    key: ArtifactKey,
    uploadId: string,
    number: number,
    bytes: Uint8Array<ArrayBuffer>,
    sha256: Uint8Array<ArrayBuffer>,
    signal?: AbortSignal,
  ): Promise<UploadedPart>

  /**
   * Makes the object of its parts, all of them, ascending.
   *
   * @param size of the whole, in bytes
   * @returns false when the store does not know the upload: it is completed already, and the response was lost, or the
   *   store has discarded it. Only the bytes of the object tell which
   * @throws `changed` when the precondition does not hold. Not every S3 vendor compares it here
   */
  completeUpload(
    key: ArtifactKey,
    uploadId: string,
    parts: readonly UploadedPart[],
    size: number,
    precondition: Precondition,
    signal?: AbortSignal,
  ): Promise<boolean>

  /** Ends an upload and removes its parts. */
  abortUpload(key: ArtifactKey, uploadId: string, signal?: AbortSignal): Promise<void>
}
