/**
 * Which contents may be read, of buckets that hold: in `state.sqlite`. A content of which nothing is known is held, so that a state
 * that is lost lets nobody read what was never checked.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { HoldState } from '@rockpool/access'
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import type { Cursor } from '../events/cursor.ts'

/** A file whose content waits. */
export interface HeldFile {
  readonly remoteKey: RemoteKey
  readonly storeId: StoreId
  readonly fileId: string
  readonly bucket: string
  /** when this server first saw it, unix ms: the wait begins here */
  readonly since: number
}

export interface Holds {
  stateOf(remoteKey: RemoteKey): HoldState
  /** Counts until the next decision. The files that waited for the content wait no longer. @param at unix ms */
  decide(remoteKey: RemoteKey, state: 'released' | 'refused', at: number): void
  /** The files that wait for a content. */
  filesOf(remoteKey: RemoteKey): readonly HeldFile[]
  /** Begins the wait of a file; one that waits already goes on. */
  wait(file: HeldFile): void
  /** Files of a bucket that wait since before a time, oldest first. */
  waitingSince(bucket: string, before: number, limit: number): readonly HeldFile[]
  /** How far the events of a store were read for these buckets; undefined: not at all, or for fewer of them. */
  readUpTo(storeId: StoreId, buckets: readonly string[]): Cursor | undefined
  setReadUpTo(storeId: StoreId, buckets: readonly string[], cursor: Cursor): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS hold_decisions (
    remoteKey TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS held_files (
    remoteKey TEXT NOT NULL, storeId TEXT NOT NULL, fileId TEXT NOT NULL, bucket TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (remoteKey, fileId)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS held_files_by_time ON held_files (bucket, since);
  CREATE TABLE IF NOT EXISTS hold_cursors (
    storeId TEXT PRIMARY KEY, buckets TEXT NOT NULL, backendId TEXT NOT NULL, seqNum INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`

export const openHolds = (database: DatabaseSync): Holds => {
  database.exec(SCHEMA)
  const decision = database.prepare('SELECT state FROM hold_decisions WHERE remoteKey = ?')
  const decide = database.prepare(`INSERT INTO hold_decisions VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET state = excluded.state, at = excluded.at`)
  const insert = database.prepare('INSERT OR IGNORE INTO held_files VALUES (?, ?, ?, ?, ?)')
  const removeFiles = database.prepare('DELETE FROM held_files WHERE remoteKey = ?')
  const files = database.prepare('SELECT * FROM held_files WHERE remoteKey = ?')
  const waiting = database.prepare('SELECT * FROM held_files WHERE bucket = ? AND since < ? ORDER BY since LIMIT ?')
  const cursor = database.prepare('SELECT buckets, backendId, seqNum FROM hold_cursors WHERE storeId = ?')
  const setCursor = database.prepare(`INSERT INTO hold_cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET buckets = excluded.buckets, backendId = excluded.backendId, seqNum = excluded.seqNum`)
  return {
    stateOf: (remoteKey) => (decision.get(remoteKey)?.state as HoldState | undefined) ?? 'held',
    decide: (remoteKey, state, at) => {
      decide.run(remoteKey, state, at)
      removeFiles.run(remoteKey)
    },
    filesOf: (remoteKey) => files.all(remoteKey) as unknown as readonly HeldFile[],
    wait: ({ remoteKey, storeId, fileId, bucket, since }) => void insert.run(remoteKey, storeId, fileId, bucket, since),
    waitingSince: (bucket, before, limit) => waiting.all(bucket, before, limit) as unknown as readonly HeldFile[],
    readUpTo: (storeId, buckets) => {
      const row = cursor.get(storeId)
      if (!row) return undefined
      const known: readonly string[] = JSON.parse(row.buckets as string)
      if (!buckets.every((bucket) => known.includes(bucket))) return undefined
      return { backendId: row.backendId as string, seqNum: row.seqNum as number }
    },
    setReadUpTo: (storeId, buckets, { backendId, seqNum }) =>
      void setCursor.run(storeId, JSON.stringify(buckets), backendId, seqNum),
  }
}
