import type { ContentAddress, ErrorCode, RemoteKey, StoreId } from '@rockpool/protocol'
import type { PoolEvent } from '../records/events.ts'
import type { ChangeCursor } from './record-log.ts'

/** A content that is whole on this disk. */
export interface ContentRow {
  readonly address: ContentAddress
  /** bytes */
  readonly size: number
  /** SHA-256 of each part, 32 x N bytes */
  readonly digests: Uint8Array<ArrayBuffer>
  /** unix ms */
  readonly writtenAt: number
  /** unix ms */
  readonly lastUsedAt: number
  /** never evicted */
  readonly pinned: boolean
  /** media type that this device added the content with; not given for one that it downloaded */
  readonly type?: string
  /**
   * Remote keys under which object storage had the content when this device last found out by itself: its upload completed,
   * it downloaded from there, or the signer said so. State is per key: a copy in another owner's segment is another copy.
   */
  readonly storedAs?: readonly RemoteKey[]
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
  /** `waiting` for its turn or until `notBefore`; `blocked` until someone retries it */
  readonly state: 'waiting' | 'blocked'
  /** failed attempts in a row */
  readonly attempts: number
  /** unix ms; not tried before */
  readonly notBefore: number
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
  /** a multipart upload that was begun */
  readonly uploadId: string | null
  /** a single PUT that is to be confirmed was begun */
  readonly sent?: boolean
  /** unix ms */
  readonly createdAt: number
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
  /** unix ms, when this device heard of it */
  readonly at: number
}

/** What the service worker knows of a file; deleted ones are not here. */
export interface FileRow {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: number
  readonly remoteKey: RemoteKey
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
}

/** What the engine remembers between sessions. One row, id `engine`. */
export interface EngineRow {
  readonly id: 'engine'
  /** raised by each new leader; writes of an older one are refused */
  readonly epoch: number
  readonly changeCursor: ChangeCursor | null
  readonly confirmationCursor: string | null
  /** no transfers are started on this device */
  readonly paused?: boolean
}

export interface IndexTables {
  readonly contents: ContentRow
  readonly transfers: TransferRow
  readonly outbox: OutboxRow
  readonly files: FileRow
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
  session: 'id',
  engine: 'id',
} as const satisfies { readonly [T in IndexTable]: keyof IndexTables[T] }

/** One row's change: from the row as it is (undefined: none) to the row as it shall be (undefined: none). Synchronous. */
export type IndexChange = {
  [T in IndexTable]: {
    readonly table: T
    readonly key: string
    readonly change: (row: IndexTables[T] | undefined) => IndexTables[T] | undefined
  }
}[IndexTable]

export const put = <T extends IndexTable>(table: T, row: IndexTables[T]): IndexChange =>
  ({
    table,
    key: (row as unknown as Record<string, string>)[INDEX_KEYS[table]]!,
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
export interface Index {
  get<T extends IndexTable>(table: T, key: string): Promise<IndexTables[T] | undefined>

  /** The rows with these keys, in their order, read in one transaction. */
  getMany<T extends IndexTable>(table: T, keys: readonly string[]): Promise<readonly (IndexTables[T] | undefined)[]>

  /** Rows by ascending key: all of them, or one page. */
  getAll<T extends IndexTable>(table: T, page?: IndexPage): Promise<readonly IndexTables[T][]>

  /**
   * Makes all changes in one transaction, or none; on disk when it resolves. Each change sees the ones before it.
   *
   * @param options.epoch refuse with `superseded` when a leader with a higher epoch has come
   * @throws RockpoolError `superseded`, `quota_exceeded`, `disk_failed`, `closed`
   */
  write(changes: readonly IndexChange[], options?: { readonly epoch?: number }): Promise<void>

  /** Calls `listener` with the keys of the rows that a write changed, by this tab or another one. @returns unsubscribe */
  subscribe(listener: (changed: readonly IndexKey[]) => void): () => void

  close(): Promise<void>

  /** Removes everything, the database too. */
  erase(): Promise<void>
}
