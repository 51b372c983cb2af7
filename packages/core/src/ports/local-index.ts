import type { ContentAddress, ErrorCode, QuotaUsage, RemoteKey, StoreId } from '@rockpool/protocol'
import type { PoolEvent } from '../records/events.ts'
import type { ChangeCursor } from './record-log.ts'

/** Content that is complete on this disk. */
export interface ContentRow {
  readonly address: ContentAddress
  /** bytes */
  readonly size: number
  /** SHA-256 of each part, 32 x N bytes */
  readonly digests: Uint8Array<ArrayBuffer>
  /** unix ms */
  readonly writtenAt: number
  /** never evicted */
  readonly pinned: boolean
  /** media type that this device added the content with; not given for one that it downloaded */
  readonly type?: string
  /**
   * Remote keys under which object storage had the content when this device last verified it: its upload completed,
   * it downloaded from there, or the signer confirmed it. Per key: a copy in another owner's segment is another copy.
   */
  readonly storedAs?: readonly RemoteKey[]
  /** Multipart uploads that were started, by remote key: they outlive the transfer of a file that is removed and restored. */
  readonly uploadIds?: Readonly<Record<string, string>>
}

export type TransferDirection = 'upload' | 'download'

/** One upload or download of one remote key that is not done yet. */
export interface TransferRow {
  /** `<direction>:<remoteKey>` */
  readonly id: string
  readonly direction: TransferDirection
  readonly remoteKey: RemoteKey
  /** bytes in all */
  readonly size: number
  readonly type: string
  /**
   * `waiting` for its turn or its next attempt; `sent`: its PUT has ended, and the signer has to confirm that the content
   * arrived; `blocked`: refused, or stopped by a person (error `aborted`)
   */
  readonly state: 'waiting' | 'sent' | 'blocked'
  /** failed attempts in a row */
  readonly attempts: number
  /** unix ms of the next attempt, by the device's clock as it was when the last one failed */
  readonly notBefore: number
  /** ms from the last failure to the next attempt: independent of the wall clock. Older versions do not write it */
  readonly waitMs?: number
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly usage?: QuotaUsage } | null
  /** the multipart upload that was started */
  readonly uploadId: string | null
  /** a single PUT was started: the next check sends `sent` */
  readonly sent?: boolean
  /** unix ms */
  readonly createdAt: number
  /**
   * Of an upload: when the signer saw the content, by the newest receipt in the log when the upload was queued, in unix ms.
   * Only a newer receipt ends it: the content may have been lost since.
   */
  readonly provedBefore?: number | null
  /** Of an upload: opId of the event that was written with this row. The log may not have it yet. */
  readonly queuedFor?: string | null
  /** unix ms; when somebody last opened the file while the transfer waited */
  readonly lookedAt?: number
}

/** An event that the sync backend has not confirmed yet. */
export interface OutboxRow {
  /** sorts in the order of appending; refused events sort behind all others */
  readonly id: string
  readonly event: PoolEvent
  /** The sync server refused the event for good: it is not in the log, is not replayed, and waits for a person. */
  readonly refused?: RefusedMark
}

export interface RefusedMark {
  /** of docs/contracts/sync-http.md */
  readonly code: string
  /** a sentence for people */
  readonly message: string
  /** with `quota_exceeded` by a quota of files: what is used, and the limit */
  readonly usage?: QuotaUsage
  /** unix ms, when this device heard of it */
  readonly at: number
}

/** A live file, for the service worker. */
export interface FileRow {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: number
  readonly remoteKey: RemoteKey
  /** `updatedAt` of the record, unix ms; rows that were written before this column have none */
  readonly modifiedAt?: number
}

/** Who uses this store on this browser, and how to reach the signer. One row, id `session`. */
export interface SessionRow {
  readonly id: 'session'
  readonly storeId: StoreId
  /** `sub` of the token */
  readonly user: string
  /** absolute URL */
  readonly signerUrl: string
  readonly token: string
  /** absolute URL where the service worker gets a fresh token when no page of the app is open */
  readonly refreshUrl?: string
}

/** State of the engine between sessions. One row, id `engine`. */
export interface EngineRow {
  readonly id: 'engine'
  /** raised by each new leader; writes of an older one are refused */
  readonly epoch: number
  readonly changeCursor: ChangeCursor | null
  readonly confirmationCursor: string | null
  /** no transfers are started on this device */
  readonly paused?: boolean
  /** Version of the engine that wrote the rows. Not given: the index is new, or was lost. */
  readonly rowsVersion?: number
  readonly reconcile?: ReconcileProgress
}

/** Progress of the comparison of disk, index and log. */
export interface ReconcileProgress {
  /** unix ms of the end of the last full pass; null: never */
  readonly finishedAt: number | null
  /** phase of the pass under way; null: none */
  readonly phase: 'disk' | 'records' | 'rows' | null
  /** position in the phase `records`, where an interrupted pass resumes */
  readonly cursor: ChangeCursor | null
}

/** A file that a person keeps on this device, whatever its content is. */
export interface PinRow {
  /** of the file */
  readonly id: string
  /** unix ms */
  readonly pinnedAt: number
}

/**
 * - `checking`: object storage did not have the content where the log says so; the signer is asked
 * - `storage_suspect`: the signer finds other content neither, so its setting is wrong rather than this content lost
 * - `concluded`: this device has appended `ContentLost`
 * - `healing`: the log says lost, and this device has the bytes: they are sent at `dueAt` unless another device does it first
 * - `healed`: this device has sent them, or asked the signer, a short time ago
 */
export type SuspectState = 'checking' | 'storage_suspect' | 'concluded' | 'healing' | 'healed'

/** Content of which object storage may have lost the bytes. */
export interface SuspectRow {
  readonly remoteKey: RemoteKey
  readonly state: SuspectState
  /** `checking`: consecutive misses by the signer */
  readonly misses: number
  /** `healed`: another loss was logged since */
  readonly again: boolean
  /** unix ms of the next step */
  readonly dueAt: number
}

export interface IndexTables {
  readonly contents: ContentRow
  readonly transfers: TransferRow
  readonly outbox: OutboxRow
  readonly files: FileRow
  readonly pins: PinRow
  readonly suspects: SuspectRow
  readonly session: SessionRow
  readonly engine: EngineRow
}

export type IndexTable = keyof IndexTables

/** Names one row. */
export interface IndexKey {
  readonly table: IndexTable
  readonly key: string
}

/** A page of a table's rows. */
export interface IndexPage {
  /** only rows with a key greater than this one */
  readonly after?: string | undefined
  /** at most this many rows, 1 or more; all when not given */
  readonly limit?: number | undefined
}

/** The key column of each table. */
export const INDEX_KEYS = {
  contents: 'address',
  transfers: 'id',
  outbox: 'id',
  files: 'id',
  pins: 'id',
  suspects: 'remoteKey',
  session: 'id',
  engine: 'id',
} as const satisfies { readonly [T in IndexTable]: keyof IndexTables[T] }

/** A change of one row: from the current row (undefined: none) to the new one (undefined: none). Synchronous. */
export type IndexChange = {
  [T in IndexTable]: {
    readonly table: T
    readonly key: string
    readonly change: (row: IndexTables[T] | undefined) => IndexTables[T] | undefined
  }
}[IndexTable]

export const keyOfRow = <T extends IndexTable>(table: T, row: IndexTables[T]): string =>
  (row as unknown as Record<string, string>)[INDEX_KEYS[table]]!

/** The rows of a table with a key greater than `after`; all of them when it is not given. */
export interface IndexRange {
  readonly table: IndexTable
  readonly after?: string
}

/** The rows that a decision reads, after the steps before it. Reading an undeclared row throws. */
export interface IndexRows {
  get<T extends IndexTable>(table: T, key: string): IndexTables[T] | undefined
  /** By ascending key. */
  getAll<T extends IndexTable>(table: T, after?: string): readonly IndexTables[T][]
}

/**
 * Changes that depend on more than the row they change. They are decided inside the transaction that makes them, so that no
 * concurrent write is missed. `decide` is synchronous and may run more than once: same rows, same result.
 */
export interface IndexDecision {
  /** All that `decide` reads, and by key the rows that it may change. */
  readonly reads: readonly (IndexKey | IndexRange)[]
  readonly decide: (rows: IndexRows) => readonly IndexChange[]
  readonly table?: undefined
  readonly key?: undefined
  readonly change?: undefined
}

export type IndexStep = IndexChange | IndexDecision

export const decision = (reads: IndexDecision['reads'], decide: IndexDecision['decide']): IndexDecision => ({
  reads,
  decide,
})

export const put = <T extends IndexTable>(table: T, row: IndexTables[T]): IndexChange =>
  ({
    table,
    key: keyOfRow(table, row),
    change: () => row,
  }) as unknown as IndexChange

export const remove = (table: IndexTable, key: string): IndexChange =>
  ({ table, key, change: () => undefined }) as unknown as IndexChange

export const change = <T extends IndexTable>(
  table: T,
  key: string,
  change: (row: IndexTables[T] | undefined) => IndexTables[T] | undefined,
): IndexChange => ({ table, key, change }) as unknown as IndexChange

/**
 * Device-local state: what is on this disk, what waits to be transferred. Never synced. Shared by all tabs and the
 * service worker of a store.
 *
 * Adapters: `@rockpool/opfs` (IndexedDB); in-memory. Acceptance suite: `indexSuite`.
 */
export interface LocalIndex {
  get<T extends IndexTable>(table: T, key: string): Promise<IndexTables[T] | undefined>

  /** The rows with these keys, in their order, read in one transaction. */
  getMany<T extends IndexTable>(table: T, keys: readonly string[]): Promise<readonly (IndexTables[T] | undefined)[]>

  /** Rows by ascending key: all of them, or one page. */
  getAll<T extends IndexTable>(table: T, page?: IndexPage): Promise<readonly IndexTables[T][]>

  /** The keys of a table's rows, ascending: all of them, or one page. Reads no rows. */
  keys(table: IndexTable, page?: IndexPage): Promise<readonly string[]>

  /**
   * Makes all changes in one transaction, or none; on disk when it resolves. Each step sees the ones before it.
   *
   * @param options.epoch refuse with `superseded` when a leader with a higher epoch has come
   * @returns the rows that changed
   * @throws RockpoolError `superseded`, `quota_exceeded`, `disk_failed`, `closed`
   */
  write(steps: readonly IndexStep[], options?: { readonly epoch?: number }): Promise<readonly IndexKey[]>

  /** Calls `listener` with the keys of the rows that a write changed, by this tab or another one. @returns unsubscribe */
  subscribe(listener: (changed: readonly IndexKey[]) => void): () => void

  close(): Promise<void>

  /** Removes everything, the database too. */
  erase(): Promise<void>
}
