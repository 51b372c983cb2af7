/** The public API of an engine: promises, AbortSignal, Blob and web streams. */
import type { BlobStore } from './ports/blob-store.ts'
import type { QuotaUsage, RockpoolError } from '@rockpool/protocol'
import type { LegacyFolder } from './legacy-folder.ts'
import type { ObjectUrl } from './object-urls.ts'
import type { FileQuery, RecordLog } from './ports/record-log.ts'
import type { FileMeta, PoolEvent } from './records/events.ts'
import type { FileRecord, FileVersion } from './records/record.ts'
import type { SyncStatus, SyncStatusSource } from './sync/sync-status.ts'

/** What `add` and `replace` take. */
export type FileSource = Blob | File | ReadableStream<Uint8Array> | Response | ArrayBuffer | ArrayBufferView

export interface AddOptions {
  /** the File's own name when not given, else `untitled` */
  readonly name?: string
  /** the Blob's or Response's own type when not given, else octet-stream. Text without a charset gets that of its first bytes */
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

/** The content of a file: the current one, or that of a version (from `versions` or a `conflict` event). Also by a version's id. */
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
  /** bytes transferred so far; `total` when all of them are, 0 before a transfer */
  readonly bytes: number
  readonly total: number
  /** of the transfer that runs, over its last seconds; null while unknown */
  readonly bytesPerSecond: number | null
  /** ms until the transfer that runs is at its end, at this speed; null while unknown */
  readonly remainingMs: number | null
  readonly error: {
    readonly code: RockpoolError['code']
    readonly message: string
    /** with `quota_exceeded` by a quota of the server: what is used, and the limit */
    readonly usage?: QuotaUsage
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
  /** Calls `fn` now and after each change of the result; a record that did not change is the same object. @returns unsubscribe */
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
  /** Retries the file's failed transfers now. */
  retry(file: FileReference): Promise<void>
  /**
   * Retries every failed transfer now, except those that a person stopped. Failed transfers are also retried automatically:
   * within 5 min, and within 15 min when they were refused.
   */
  retryAll(): Promise<void>
  /** Stops the transfers of the file. An upload stays `failed` until it is retried; the bytes stay. */
  cancel(file: FileReference): Promise<void>
  /** Starts no more transfers on this device until `resume`, also after a reload. */
  pause(): Promise<void>
  resume(): Promise<void>
}

export interface StorageReport {
  /** bytes of content on this disk */
  readonly used: number
  /** bytes that this origin may use */
  readonly quota: number
  /** the browser promised not to evict this origin */
  readonly persisted: boolean
  /** bytes of live, unpinned files that object storage has as well, as this device has verified itself */
  readonly evictable: number
  /** bytes of pinned content */
  readonly pinned: number
  /** bytes of content that object storage may lack, since this device has not verified that it is there */
  readonly localOnly: number
}

export interface VerifyReport {
  /** bytes that were read */
  readonly bytes: number
  /**
   * Files that have or had content whose bytes on this disk are wrong or gone. Wrong bytes are moved aside: they are neither
   * served nor sent. The content is downloaded again when the file is opened, or automatically when it is pinned.
   */
  readonly damaged: readonly FileRecord[]
  /** files whose content could not be read now; it stays on this disk */
  readonly unreadable: readonly FileRecord[]
}

export interface ImportOptions {
  /** moves each old file, or deletes it once its copy has been read back; they stay when not given */
  readonly removeImported?: boolean
  readonly signal?: AbortSignal
  /** old files that were looked at so far, and all of them */
  readonly onProgress?: (files: number, total: number) => void
}

/** What an import found. Run it again until nothing is `failed`; what is imported already costs little. */
export interface ImportReport {
  /** old files whose content is in the pool now, by this import or an earlier one */
  readonly imported: number
  /** hashes of old files whose bytes have another hash; they stay where they are */
  readonly damaged: readonly string[]
  /** hashes of old files that no live file has or had; they stay where they are */
  readonly unreferenced: readonly string[]
  /** old files that could not be imported now, by their hashes, and why; they stay where they are */
  readonly failed: readonly { readonly hash: string; readonly error: RockpoolError }[]
  /** files whose content is not on this device; `open` downloads it */
  readonly missing: readonly FileRecord[]
}

/** A change of this device that the sync server refused for good. It is kept on this device until a person decides. */
export interface RefusedChange {
  /** for `retry` and `discard` */
  readonly id: string
  /** the change; for an added file, it includes the later changes of that file */
  readonly event: PoolEvent
  /** the file without the change, or the file that was to be added; undefined when unknown */
  readonly file?: FileRecord
  /** of docs/contracts/sync-http.md, such as `quota_exceeded` or `bad_name` */
  readonly code: string
  /** a sentence: what is wrong and what to do */
  readonly message: string
  /** with `quota_exceeded` by a quota of files: what is used, and the limit */
  readonly usage?: QuotaUsage
  /** unix ms, when this device received the refusal */
  readonly at: number
}

/** Edits of the change before a retry. */
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
   * Makes the change again, edited or as it was, and uploads its bytes. If the server refuses it again, it returns to the
   * list.
   *
   * @throws RockpoolError `not_found` when it is not waiting any more, `forbidden`, `bad_name`, `bad_meta`, `bad_type`,
   *   `type_not_allowed`, `too_large`, `quota_exceeded`, `disk_failed`, `closed`
   */
  retry(id: string, edit?: RefusedEdit): Promise<void>
  /**
   * Discards the change for good. Bytes that no other file has are removed from this device.
   *
   * @throws RockpoolError `not_found` when it is not waiting any more, `disk_failed`, `closed`
   */
  discard(id: string): Promise<void>
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
  /** The content of this file was downloaded to this disk, by any tab or the service worker. */
  readonly downloaded: FileRecord
  /**
   * Someone replaced the content of `file` without having seen that of `version`, which is no longer current and may hold
   * changes that the current content lacks. Open both, then `revert` or `replace`.
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
   * Adds a file. Its bytes and its pending upload are on this device's disk before the promise resolves: after that a crash
   * loses nothing. If the promise rejects, nothing remains.
   *
   * @throws RockpoolError `unknown_bucket`, `type_not_allowed`, `too_large`, `bad_name`, `bad_path`, `bad_type`, `bad_meta`,
   *   `quota_exceeded`, `source_failed`, `aborted`, `disk_failed`, `closed`
   */
  add(source: FileSource, options?: AddOptions): Promise<FileRecord>

  /** Replaces a file's content; the former content stays as a version. Errors as `add`, and `not_found`, `precondition_failed`. */
  replace(id: string, source: FileSource, options?: ReplaceOptions): Promise<FileRecord>
  /** @throws RockpoolError `not_found`, `forbidden`, `bad_name`, `disk_failed`, `closed` */
  rename(id: string, name: string): Promise<FileRecord>
  /** Replaces all metadata of a file. @throws RockpoolError `not_found`, `forbidden`, `bad_meta`, `disk_failed`, `closed` */
  setMeta(id: string, meta: FileMeta): Promise<FileRecord>
  /** Removes a file on all devices; `restore` brings it back. @throws RockpoolError `not_found`, `forbidden`, `disk_failed`, `closed` */
  remove(id: string): Promise<void>
  /** Brings a removed file back. @throws RockpoolError `not_found`, `forbidden`, `disk_failed`, `closed` */
  restore(id: string): Promise<FileRecord>
  /** The versions of a file's content, newest first, the current one included. */
  versions(id: string): readonly FileVersion[]
  /**
   * Makes a former version the current content.
   *
   * @throws RockpoolError `not_found`, `forbidden`, `unauthenticated`, `disk_failed`, `closed`
   */
  revert(id: string, version: string): Promise<FileRecord>

  /**
   * A same-origin URL that the service worker serves. For a record or a version, the URL of its content; for the id of a
   * file, a URL of whatever its content is at the time of the request. With `download` a link to it saves the file under its name;
   * the attribute `download` of a link does not, since Chromium sends such a link past the service worker.
   */
  url(file: ContentReference, options?: { readonly download?: boolean }): string
  /**
   * The whole content as a Blob, from disk, or downloaded to disk first. Content of livestore-filesync above 8 MiB gets a new key on the
   * way, which needs the right to write.
   *
   * @throws RockpoolError `not_found`, `storage_suspect` when object storage lacks what was stored there, `offline`, `corrupt`,
   *   `size_mismatch`, `aborted`, `quota_exceeded`, and the signer's codes
   */
  open(file: ContentReference, options?: OpenOptions): Promise<Blob>
  /**
   * A `blob:` URL of the whole content, for a page that no service worker controls. Calls for the same content share one URL; it is
   * revoked when all of them have released it, and when the pool closes. Errors as `open`.
   *
   * A type that could run script (HTML, SVG, XML, …) is replaced by `application/octet-stream`: a `blob:` URL has the app's origin, and
   * an `<iframe>` or a link would run the script of the user who added the file. An `<img>` therefore shows no SVG by this URL, unlike by
   * `url`. The Blob of `open` keeps the type of the file: do not make a `blob:` URL of it without a check of the type.
   */
  objectUrl(file: ContentReference, options?: Pick<OpenOptions, 'signal'>): Promise<ObjectUrl>
  /**
   * Saves the file outside the browser, under its name: by a file picker where the browser has one, which takes files of any size
   * without memory, else as a download. Call it in a click handler, before any `await`. A picked file gets verified bytes only: damaged
   * ones on this disk are quarantined, and the file is downloaded again.
   *
   * @returns false when the person closed the picker. Errors as `open`, and `disk_failed` when the picked file cannot be opened
   */
  save(file: ContentReference): Promise<boolean>
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
   * Reads and hashes all content on this disk. `onProgress` gets the bytes that were read.
   *
   * @throws RockpoolError `aborted`, `disk_failed`, `closed`
   */
  verify(options?: OpenOptions): Promise<VerifyReport>
  /**
   * Imports the files that livestore-filesync left on this device, without a download. See MIGRATING.md.
   *
   * @throws RockpoolError `aborted`, `disk_failed` when the folder cannot be read, `closed`
   */
  importLegacy(folder: LegacyFolder, options?: ImportOptions): Promise<ImportReport>
  on<E extends keyof PoolEvents>(event: E, fn: (detail: PoolEvents[E]) => void): () => void
  /** Ends transfers and subscriptions of this tab. Pending transfers continue in another tab or at the next open. */
  close(): Promise<void>
}
