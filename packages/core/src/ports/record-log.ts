import type { QuotaUsage, RemoteKey, StoreId } from '@rockpool/protocol'
import type { PoolEvent } from '../records/events.ts'
import type { FileRecord, FileVersion, RemoteContent } from '../records/record.ts'
import type { SyncStatusSource } from '../sync/sync-status.ts'

/** Which live files, newest first. */
export interface FileQuery {
  readonly bucket?: string
  /** files whose name contains this text, ignoring case (ASCII) */
  readonly search?: string
  /** at most this many; 100 when not given */
  readonly limit?: number
  readonly offset?: number
}

/** Default limit of a query: the cost of a change does not grow with the number of files. */
export const DEFAULT_LIST_LIMIT = 100

/** Position of a reader of changes. Opaque; a string that survives a restart. */
export type ChangeCursor = string & { readonly ChangeCursor: unique symbol }

export interface RecordChanges {
  /** ids of files and remote keys whose records may have changed, each once. Reading one again is harmless */
  readonly subjects: readonly string[]
  /** opIds of the events that were applied, in their order; those that a rebase applied again come again */
  readonly opIds: readonly string[]
  readonly cursor: ChangeCursor
  /** whether more changes are left for the next call */
  readonly more: boolean
}

/** An event of this device that the sync backend has confirmed. */
export interface Confirmation {
  readonly opId: string
  /** resume after it */
  readonly cursor: string
}

/**
 * An event of this device that the sync server refused for good. The log has rolled it back, or will within a
 * moment.
 */
export interface Refusal {
  readonly opId: string
  /** of docs/contracts/sync-http.md */
  readonly code: string
  /** a sentence: what is wrong and what to do */
  readonly message: string
  /** with `quota_exceeded` by a quota of files: what is used, and the limit */
  readonly usage?: QuotaUsage
}

/**
 * The synced event log and the records materialized from it. Reads are synchronous and see every append at once.
 *
 * Adapters: `@rockpool/livestore`; in-memory. Acceptance suite: `recordLogSuite`.
 */
export interface RecordLog {
  readonly storeId: StoreId

  /**
   * Appends events in one transaction. Visible to reads when it returns, but not durable: keep them in an outbox until
   * {@link confirmations} names them.
   */
  append(events: readonly PoolEvent[]): void

  /** A file by id, a deleted one too. */
  file(id: string): FileRecord | undefined

  /** Live files by query, newest (`createdAt`, then id) first. */
  list(query: FileQuery): readonly FileRecord[]

  /** The versions of a file's content, newest first. */
  versions(fileId: string): readonly FileVersion[]

  /** The content that an event brought to a file; undefined when there is no such version. */
  version(id: string): FileVersion | undefined

  /** Files whose current content is this remote key, deleted ones too. */
  filesWithContent(remoteKey: RemoteKey): readonly FileRecord[]

  /** Files that have or had this content: a version of theirs names it. Deleted ones too. */
  filesWithVersion(remoteKey: RemoteKey): readonly FileRecord[]

  remoteContent(remoteKey: RemoteKey): RemoteContent | undefined

  /** Whether an event with this opId is in the log as this device knows it. */
  applied(opId: string): boolean

  /**
   * The changes since `cursor`, at most `limit` operations at a time, in time proportional to the changes. Also correct
   * after a rebase, when pending events were rolled back and applied again after others. Without a cursor: all records.
   */
  changes(cursor: ChangeCursor | undefined, limit: number): RecordChanges

  /** Calls `listener` after records changed, by this tab or through sync. @returns unsubscribe */
  subscribe(listener: () => void): () => void

  /** Events that the sync backend has confirmed after `since`, then new ones as they come, until `signal` aborts. */
  confirmations(since: string | undefined, signal: AbortSignal): AsyncIterable<Confirmation>

  /** Calls `listener` with refusals as they come; one may come twice. @returns unsubscribe */
  readonly refusals?: (listener: (refusal: Refusal) => void) => () => void

  /** Sync status of this device. `online` when not given. */
  readonly sync?: SyncStatusSource

  /** Ends this pool's use of the log. The store itself belongs to the app, and stays open. */
  close(): Promise<void>

  /** Removes the log's local data from this device. The store cannot be used afterwards. */
  erase(): Promise<void>
}
