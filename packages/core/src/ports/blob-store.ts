import type { ContentAddress, ContentDigest } from '@rockpool/protocol'

export interface WriteOptions {
  readonly signal?: AbortSignal
  /** reject with `too_large` past so many bytes */
  readonly maxSize?: number
  /** called with the bytes written so far */
  readonly onProgress?: (bytes: number) => void
}

export interface StoredBlob {
  readonly address: ContentAddress
  /** bytes present */
  readonly size: number
  /** false while parts are missing */
  readonly complete: boolean
  /** unix ms of the last write */
  readonly modifiedAt: number
}

/**
 * Contents on this device's disk, each under its address. A content is there whole or as some of its parts, never torn:
 * every write goes to a temp file that is moved when it is closed.
 *
 * Adapters: `@rockpool/opfs`; in-memory. Acceptance suite: `blobStoreSuite`.
 */
export interface BlobStore {
  /**
   * Streams `source` to disk, hashing on the way, in constant memory. Durable when it resolves. A content that is there
   * already is not kept twice. After an error or abort nothing of it remains but what a later `sweep` removes, and a
   * stream that was not read to its end is cancelled.
   *
   * @throws RockpoolError `quota_exceeded`, `too_large`, `source_failed`, `aborted`, `disk_failed`
   */
  write(source: Blob | ReadableStream<Uint8Array>, options?: WriteOptions): Promise<ContentDigest>

  /**
   * Keeps one part (1 to N) of a content that comes over the network. The caller has verified its digest.
   * The content can be opened when all parts are there. A part that is there already is left as it is.
   *
   * @throws RockpoolError `quota_exceeded`, `disk_failed`
   */
  writePart(address: ContentAddress, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>

  /** Numbers (1 to N, ascending) of the parts present; all of them for a whole content. */
  parts(address: ContentAddress): Promise<readonly number[]>

  /** One part that is present, else undefined. Reads no bytes yet. */
  openPart(address: ContentAddress, number: number): Promise<Blob | undefined>

  /** The whole content as a Blob that reads from disk when it is read, or undefined when any part is missing. */
  open(address: ContentAddress): Promise<Blob | undefined>

  /**
   * Moves bytes aside that were found not to be those of their address. The content counts as absent from then on, and can be
   * written again. The damaged bytes may be all that is left of it: they stay until {@link delete}, or until a `sweep` finds
   * the content whole again. Nothing happens when it is not there.
   */
  quarantine(address: ContentAddress): Promise<void>

  /** Whether damaged bytes of the content are kept aside. */
  isQuarantined(address: ContentAddress): Promise<boolean>

  /** Removes a content, whole or in parts, and damaged bytes of it. Nothing happens when it is not there. */
  delete(address: ContentAddress): Promise<void>

  /** All contents present, whole or in parts. */
  list(): Promise<readonly StoredBlob[]>

  /** Bytes that this store holds, and the bytes this origin may use in all. */
  usage(): Promise<{ readonly used: number; readonly quota: number }>

  /** Removes temp files that no live write owns any more, and damaged bytes of contents that are whole again. @returns how many */
  sweep(): Promise<number>

  close(): Promise<void>

  /** Removes everything, the folder too. */
  erase(): Promise<void>
}
