/** Decisions about held content in `state.sqlite`, for one server. */
import type { DatabaseSync } from 'node:sqlite'
import type { HoldState } from '@rockpool/access'
import type { HeldFile, Holds } from './holds.ts'

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

export const sqliteHolds = (database: DatabaseSync): Holds => {
  database.exec(SCHEMA)
  const decision = database.prepare('SELECT state FROM hold_decisions WHERE remoteKey = ?')
  const decide = database.prepare(`INSERT INTO hold_decisions VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET state = excluded.state, at = excluded.at`)
  const decideHeld = database.prepare('INSERT OR IGNORE INTO hold_decisions VALUES (?, ?, ?)')
  const insert = database.prepare('INSERT OR IGNORE INTO held_files VALUES (?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM held_files WHERE remoteKey = ? AND fileId = ?')
  const files = database.prepare('SELECT * FROM held_files WHERE remoteKey = ?')
  const waiting = database.prepare(`SELECT * FROM held_files
    WHERE bucket = ? AND since < ? AND (since, remoteKey, fileId) > (?, ?, ?) ORDER BY since, remoteKey, fileId LIMIT ?`)
  const cursor = database.prepare('SELECT buckets, backendId, seqNum FROM hold_cursors WHERE storeId = ?')
  const setCursor = database.prepare(`INSERT INTO hold_cursors VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET buckets = excluded.buckets, backendId = excluded.backendId, seqNum = excluded.seqNum`)
  const stateOf = (remoteKey: string) => (decision.get(remoteKey)?.state as HoldState | undefined) ?? 'held'
  return {
    stateOf: async (remoteKey) => stateOf(remoteKey),
    statesOf: async (remoteKeys) => new Map(remoteKeys.map((remoteKey) => [remoteKey, stateOf(remoteKey)])),
    decide: async (remoteKey, state, at) => void decide.run(remoteKey, state, at),
    decideHeld: async (remoteKey, state, at) => void decideHeld.run(remoteKey, state, at),
    filesOf: async (remoteKey) => files.all(remoteKey) as unknown as readonly HeldFile[],
    wait: async ({ remoteKey, storeId, fileId, bucket, since }) =>
      void insert.run(remoteKey, storeId, fileId, bucket, since),
    endWait: async ({ remoteKey, fileId }) => void remove.run(remoteKey, fileId),
    waitingSince: async (bucket, before, { limit, after }) => {
      const { since, remoteKey, fileId } = after ?? { since: -1, remoteKey: '', fileId: '' }
      return waiting.all(bucket, before, since, remoteKey, fileId, limit) as unknown as readonly HeldFile[]
    },
    readUpTo: async (storeId, buckets) => {
      const row = cursor.get(storeId)
      if (!row) return undefined
      const known: readonly string[] = JSON.parse(row.buckets as string)
      if (!buckets.every((bucket) => known.includes(bucket))) return undefined
      return { backendId: row.backendId as string, seqNum: row.seqNum as number }
    },
    setReadUpTo: async (storeId, buckets, { backendId, seqNum }) =>
      void setCursor.run(storeId, JSON.stringify(buckets), backendId, seqNum),
  }
}
