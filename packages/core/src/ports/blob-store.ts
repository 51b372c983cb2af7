import type { ContentAddress, ContentDigest } from '@rockpool/protocol'

export interface WriteOptions {
  readonly signal?: AbortSignal
  /** reject with `too_large` above this many bytes */
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

/** Bytes of a part that has not arrived whole. Not verified. */
export interface Fragment {
  /** of the part, 1 to N */
  readonly number: number
  /** offset in the part */
  readonly start: number
  readonly bytes: Blob
}

/**
 * Blobs on this device's disk, each under its content address. A blob is complete or has some of its parts, and is never torn:
 * every write goes to a temp file that is moved when it is complete.
 *
 * Adapters: `@rockpool/opfs`; in-memory. Acceptance suite: `blobStoreSuite`.
 */
export interface BlobStore {
  /**
   * Streams `source` to disk and hashes it, in constant memory. Durable when it resolves. An existing blob is not stored
   * twice. After an error or abort only temp files remain, which a later `sweep` removes, and a stream that was not read to
   * its end is cancelled.
   *
   * @throws RockpoolError `quota_exceeded`, `too_large`, `source_failed`, `aborted`, `disk_failed`
   */
  write(source: Blob | ReadableStream<Uint8Array>, options?: WriteOptions): Promise<ContentDigest>

  /**
   * Writes one part (1 to N) of a download. The caller has verified its digest.
   * The blob can be opened when all parts are there. An existing part is not overwritten.
   *
   * @throws RockpoolError `quota_exceeded`, `disk_failed`
   */
  writePart(address: ContentAddress, number: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>

  /**
   * Moves a file of the same disk to be a blob of one part, in place of writing its bytes. The caller has verified them. Not there where
   * the disk has no other files.
   *
   * @returns false when the blob is here already, and the file stays
   * @throws RockpoolError `disk_failed`, and the file stays
   */
  adopt?(address: ContentAddress, file: FileSystemFileHandle): Promise<boolean>

  /**
   * Writes bytes of a part that has not arrived whole, from offset `start` of the part on. They are not verified, and belong to no blob:
   * only {@link fragments} returns them. They go when the part is written, and when the blob is quarantined or deleted.
   *
   * @throws RockpoolError `quota_exceeded`, `disk_failed`
   */
  writeFragment(address: ContentAddress, number: number, start: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>

  /** The fragments present, in any order. They may overlap. Reads no bytes yet. */
  fragments(address: ContentAddress): Promise<readonly Fragment[]>

  /** Deletes the fragments, and no part. */
  deleteFragments(address: ContentAddress): Promise<void>

  /** Numbers (1 to N, ascending) of the parts present; all of them for a complete blob. */
  parts(address: ContentAddress): Promise<readonly number[]>

  /** One part that is present, else undefined. Reads no bytes yet. */
  openPart(address: ContentAddress, number: number): Promise<Blob | undefined>

  /** The complete blob, backed by the disk, or undefined when any part is missing. Reads no bytes yet. */
  open(address: ContentAddress): Promise<Blob | undefined>

  /**
   * Moves damaged bytes aside. The blob is absent from then on, and can be written again. The damaged bytes may be the only
   * copy: they stay until {@link delete}, or until a `sweep` finds the blob complete again.
   *
   * Hashes a complete blob again first, while no other write of it can come in between: the caller may have read the damaged bytes
   * before another tab stored good ones. An incomplete blob is moved without a look.
   *
   * @returns `intact` when the blob has the bytes of its address, and stays
   * @throws RockpoolError `disk_failed`; the blob stays when it cannot be read
   */
  quarantine(address: ContentAddress): Promise<'absent' | 'intact'>

  /** Whether damaged bytes of the blob are quarantined. */
  isQuarantined(address: ContentAddress): Promise<boolean>

  /** The blobs whose damaged bytes are quarantined. */
  quarantined(): Promise<readonly ContentAddress[]>

  /** Deletes the blob, complete or not, and its damaged bytes. Does nothing when it is not there. */
  delete(address: ContentAddress): Promise<void>

  /** All blobs present, complete or not, those of which only fragments are here included. */
  list(): Promise<readonly StoredBlob[]>

  /** Bytes that this store holds, and the bytes this origin may use in all. */
  usage(): Promise<{ readonly used: number; readonly quota: number }>

  /** Deletes temp files without a live write, and damaged bytes and fragments of blobs that are complete. @returns how many */
  sweep(): Promise<number>

  close(): Promise<void>

  /** Removes everything, the folder too. */
  erase(): Promise<void>
}
