/** The public face of an engine: promises, AbortSignal, Blob and web streams. */
import type { BlobStore } from './ports/blob-store.ts'
import type { RockpoolError } from '@rockpool/protocol'
import type { FileQuery, RecordLog } from './ports/record-log.ts'
import type { FileMeta, PoolEvent } from './records/events.ts'
import type { FileRecord, FileVersion } from './records/record.ts'
import type { SyncStatus, SyncStatusSource } from './sync/sync-status.ts'

/** What `add` and `replace` take. */
export type FileSource = Blob | File | ReadableStream<Uint8Array> | Response | ArrayBuffer | ArrayBufferView

export interface AddOptions {
  /** the File's own name when not given, else `untitled` */
  readonly name?: string
  /** the Blob's or Response's own type when not given, else octet-stream */
  readonly type?: string
  /** `files` when not given */
  readonly bucket?: string
  /** where the file is inside its bucket, `fish/reef.jpg`: the REST API serves it there */
  readonly path?: string
  /** JSON, 8 KiB at most */
  readonly meta?: FileMeta
  readonly signal?: AbortSignal
  /** bytes on disk so far */
  readonly onProgress?: (bytes: number) => void
}

export interface ReplaceOptions {
  /** reject with `precondition_failed` when the file's current version is another one */
  readonly ifMatch?: string
  readonly type?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (bytes: number) => void
}

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** bytes so far, and of all: while they come over the network, or while `verify` reads them */
  readonly onProgress?: (bytes: number, total: number) => void
}

/** A file, its record or its id. */
export type FileReference = FileRecord | string

/** The content of a file: its current one, or that of a version, which `versions` lists and `conflict` brings. Ids of versions count. */
export type ContentReference = FileReference | FileVersion

/**
 * Where a file's bytes are, as this device sees it.
 *
 * - `remote`: in object storage, not on this device
 * - `local`: on this device only, waiting to be uploaded
 * - `uploading`, `downloading`: on the way
 * - `stored`: in object storage and on this device
 * - `failed`: a transfer waits for its next attempt, or was stopped by a person; see `error`
 */
export type FileState = 'remote' | 'local' | 'uploading' | 'downloading' | 'stored' | 'failed'

/** The state of one file on this device. */
export interface FileStatus {
  readonly state: FileState
  /** the whole content is on this device's disk */
  readonly onDevice: boolean
  /** bytes transferred so far; equals `total` when nothing is under way */
  readonly bytes: number
  readonly total: number
  /** of the transfer that runs, over its last seconds; null while unknown */
  readonly bytesPerSecond: number | null
  /** ms until the transfer that runs is at its end, at this speed; null while unknown */
  readonly remainingMs: number | null
  readonly error: {
    readonly code: RockpoolError['code']
    readonly message: string
    /**
     * unix ms; the transfer is tried again then, or sooner: when the network, the person or a new token comes. Null when a
     * person stopped it.
     */
    readonly nextAttemptAt: number | null
  } | null
}

export interface PoolFiles {
  /** Live files by query, newest first, 100 at most unless `limit` says otherwise. */
  list(query?: FileQuery): readonly FileRecord[]
  /** A live file, else undefined. */
  get(id: string): FileRecord | undefined
  /** Calls `fn` now and after each change of the answer; a record that did not change is the same object. @returns unsubscribe */
  subscribe(query: FileQuery, fn: (files: readonly FileRecord[]) => void): () => void
}

export interface PoolTransfers {
  /** The file's state on this device. The same object as long as nothing changed. */
  status(file: ContentReference): FileStatus
  /**
   * Calls `fn` after the status of some file changed: at once, then at most 10 times a second.
   *
   * @returns unsubscribe
   */
  subscribe(fn: () => void): () => void
  /** Tries a failed transfer of the file again, now. */
  retry(file: FileReference): Promise<void>
  /**
   * Tries every failed transfer again, now, but for those that a person stopped. What failed is tried again by itself, too:
   * within 5 min, and within 15 min when it was refused.
   */
  retryAll(): Promise<void>
  /** Stops the transfers of the file. An upload stays `failed` until it is retried; the bytes stay. */
  cancel(file: FileReference): Promise<void>
  /** Starts no more transfers on this device until `resume`. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface StorageReport {
  /** bytes that contents take on this disk */
  readonly used: number
  /** bytes that this origin may use */
  readonly quota: number
  /** the browser promised not to evict this origin */
  readonly persisted: boolean
  /** bytes of live files that object storage has as well, as this device has found out itself, less the pinned ones */
  readonly evictable: number
  /** bytes of contents that are kept on this device for offline use */
  readonly pinned: number
}

export interface VerifyReport {
  /** bytes that were read */
  readonly bytes: number
  /**
   * Files that have or had a content whose bytes on this disk are wrong or gone. What was there is moved aside: it is neither
   * served nor sent. The content comes again when the file is opened, or by itself when it is pinned, if object storage has it.
   */
  readonly damaged: readonly FileRecord[]
  /** files whose content could not be read now; it stays where it is */
  readonly unreadable: readonly FileRecord[]
}

/** A change of this device that the sync server refused for good. It is kept on this device until a person decides. */
export interface RefusedChange {
  /** names it in `retry` and `drop` */
  readonly id: string
  /** what was to change. For a file that was not taken: with the later changes of that file in it */
  readonly event: PoolEvent
  /** The file, without the change; one that was to be added, as it was to be. Undefined when none is known. */
  readonly file?: FileRecord
  /** of docs/contracts/sync-http.md, such as `quota_exceeded` or `bad_name` */
  readonly code: string
  /** a sentence: what is wrong and what to do */
  readonly message: string
  /** unix ms, when this device heard of it */
  readonly at: number
}

/** What `retry` changes before it tries again. */
export interface RefusedEdit {
  /** of an added or renamed file */
  readonly name?: string
  /** of an added file, or one whose metadata was set */
  readonly meta?: FileMeta
  /** of an added file, or one with new content */
  readonly type?: string
}

/** Changes that the sync server refused. They are in no list of files, and their bytes stay on this device. */
export interface RefusedChanges {
  /** Oldest first. The same array while nothing changed. */
  list(): readonly RefusedChange[]
  /** Calls `fn` after the list changed. @returns unsubscribe */
  subscribe(fn: () => void): () => void
  /**
   * Makes the change again, edited or as it was, and uploads its bytes. If the server refuses it again, it comes back to the
   * list.
   *
   * @throws RockpoolError `not_found` when it is not waiting any more, `forbidden`, `bad_name`, `bad_meta`, `bad_type`,
   *   `type_not_allowed`, `too_large`, `quota_exceeded`, `disk_failed`, `closed`
   */
  retry(id: string, edit?: RefusedEdit): Promise<void>
  /**
   * Takes the change back for good. Bytes that no other file names are removed from this device.
   *
   * @throws RockpoolError `not_found` when it is not waiting any more, `disk_failed`, `closed`
   */
  drop(id: string): Promise<void>
}

export interface PoolSync extends SyncStatusSource {
  readonly refused: RefusedChanges
}

export interface PoolEvents {
  readonly added: FileRecord
  readonly replaced: FileRecord
  readonly removed: FileRecord
  /** the log says that object storage has the content of this file; another device may have said so */
  readonly stored: FileRecord
  /** The content of this file came from object storage and is whole on this disk: by this tab, another one or the service worker. */
  readonly downloaded: FileRecord
  /**
   * Someone replaced the content of `file` without having seen the one that `version` has: it is no longer current, and may hold
   * changes that the current one lacks. Open both, and `revert` or `replace`.
   */
  readonly conflict: { readonly file: FileRecord; readonly version: FileVersion }
  /** object storage lost the content of this file */
  readonly lost: FileRecord
  /**
   * `file`: the file that failed; `sync`: the state of sync that a person or the developer must act on; `refused`: a change
   * that the sync server refused just now
   */
  readonly error: {
    readonly error: RockpoolError
    readonly file?: FileRecord
    readonly sync?: SyncStatus
    readonly refused?: RefusedChange
  }
}

export interface Pool {
  readonly storeId: string
  readonly log: RecordLog
  readonly blobs: BlobStore
  readonly files: PoolFiles
  readonly transfers: PoolTransfers
  /**
   * Whether this device syncs, why not, and which changes the sync server refused. Changes to `refused` and `stuck`, and
   * each refused change, also emit `error`.
   */
  readonly sync: PoolSync

  /**
   * Adds a file. Its bytes are on this device's disk, and what must happen next is on disk too, before the promise
   * resolves: after that a crash loses nothing. Before it, nothing remains.
   *
   * @throws RockpoolError `unknown_bucket`, `type_not_allowed`, `too_large`, `bad_name`, `bad_path`, `bad_type`, `bad_meta`,
   *   `quota_exceeded`, `source_failed`, `aborted`, `disk_failed`, `closed`
   */
  add(source: FileSource, options?: AddOptions): Promise<FileRecord>

  /** Gives a file new content; the former one stays as a version. Errors as `add`, and `not_found`, `precondition_failed`. */
  replace(id: string, source: FileSource, options?: ReplaceOptions): Promise<FileRecord>
  rename(id: string, name: string): Promise<FileRecord>
  setMeta(id: string, meta: FileMeta): Promise<FileRecord>
  /** Removes a file on all devices; `restore` brings it back. */
  remove(id: string): Promise<void>
  restore(id: string): Promise<FileRecord>
  /** Contents that a file has and had, newest first. */
  versions(id: string): readonly FileVersion[]
  /** Makes a former version the current content. */
  revert(id: string, version: string): Promise<FileRecord>

  /**
   * A same-origin URL that the service worker answers. A record or a version gives the URL of its content; the id of a file that of
   * the file, whatever its content is then.
   */
  url(file: ContentReference): string
  /**
   * The whole content as a Blob, from disk, or downloaded to disk first.
   *
   * @throws RockpoolError `not_found`, `storage_suspect` when object storage lacks what was stored there, `offline`, `corrupt`,
   *   `size_mismatch`, `aborted`, `quota_exceeded`, and the signer's codes
   */
  open(file: ContentReference, options?: OpenOptions): Promise<Blob>
  /** The content as a stream, from disk, or from the network and to disk at once. Errors as `open`. */
  stream(file: ContentReference, options?: OpenOptions): Promise<ReadableStream<Uint8Array>>

  /**
   * Keeps the file on this device: its content is downloaded in the background when it is not there, and so is each later
   * one, as soon as object storage has it.
   */
  pin(id: string): Promise<void>
  unpin(id: string): Promise<void>

  storage(): Promise<StorageReport>
  /**
   * Reads and hashes every content on this disk, one after the other. `onProgress` gets the bytes that were read.
   *
   * @throws RockpoolError `aborted`, `disk_failed`, `closed`
   */
  verify(options?: OpenOptions): Promise<VerifyReport>
  on<E extends keyof PoolEvents>(event: E, fn: (detail: PoolEvents[E]) => void): () => void
  /** Ends transfers and subscriptions of this tab. What waits goes on in another tab or at the next open. */
  close(): Promise<void>
}
