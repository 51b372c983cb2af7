/** Durable state of the replication: what S3 lacks, what it has, and what the folder keeps of that. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { ObjectInfo } from '../object-store.ts'

/** A change that is not replicated yet. */
export interface PendingChange {
  readonly key: string
  /** what to do when the folder lacks the object: a kill may have come before its write or after its delete */
  readonly operation: 'put' | 'delete'
  /** grows with each change of the key, so that a concurrent change is not marked as replicated */
  readonly version: number
  readonly size: number
  readonly attempts: number
  /** unix ms */
  readonly dueAt: number
  /** of an upload to S3 that was started */
  readonly uploadId: string | null
}

/** An object that S3 has. */
export interface RemoteObject {
  readonly key: string
  readonly size: number
  /** null: found in S3, not read yet */
  readonly type: string | null
  readonly etag: string
  readonly modifiedAt: number
  readonly address: string | null
  /**
   * unix ms; null: not kept here. Only the eviction order, not a proof: an object that is listed and missing (after a kill or
   * an eviction that a reader delayed) counts until it is evicted or read
   */
  readonly lastUsed: number | null
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS pending (
    key TEXT PRIMARY KEY, operation TEXT NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL,
    attempts INTEGER NOT NULL, dueAt INTEGER NOT NULL, uploadId TEXT
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS pending_due ON pending (dueAt);
  CREATE TABLE IF NOT EXISTS remote (
    key TEXT PRIMARY KEY, size INTEGER NOT NULL, type TEXT, etag TEXT NOT NULL, modifiedAt INTEGER NOT NULL,
    address TEXT, lastUsed INTEGER
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS remote_kept ON remote (lastUsed, size) WHERE lastUsed IS NOT NULL;
  CREATE TABLE IF NOT EXISTS bucket (id TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
`

/** Makes the next start compare both sides, after a rebuild of the folder's index. Does nothing without the file. */
export const compareAgain = (path: string): void => {
  if (!existsSync(path)) return
  const database = new DatabaseSync(path)
  try {
    database.exec("DELETE FROM facts WHERE name = 'compared'")
  } finally {
    database.close()
  }
}

export class ReplicationState {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  /** The folder is locked by its local store, which is opened first. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    this.#database.exec(SCHEMA)
  }

  #sql(text: string) {
    let statement = this.#statements.get(text)
    if (!statement) this.#statements.set(text, (statement = this.#database.prepare(text)))
    return statement
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * Records a change before it is made here. On disk when this returns. A delete that is not replicated yet is
   * kept beside a put that may fail.
   */
  mark(key: string, operation: PendingChange['operation'], size: number): void {
    this.#sql(
      `INSERT INTO pending VALUES (?, ?, 1, ?, 0, 0, NULL) ON CONFLICT (key) DO UPDATE SET
         operation = CASE operation WHEN 'delete' THEN 'delete' ELSE excluded.operation END, version = version + 1, size = excluded.size, dueAt = 0, uploadId = NULL`,
    ).run(key, operation, size)
  }

  pending(key: string): PendingChange | undefined {
    return this.#sql('SELECT * FROM pending WHERE key = ?').get(key) as PendingChange | undefined
  }

  /** Changes that are due, longest waiting first. */
  due(now: number, limit: number): readonly PendingChange[] {
    return this.#sql('SELECT * FROM pending WHERE dueAt <= ? ORDER BY dueAt LIMIT ?').all(
      now,
      limit,
    ) as unknown as PendingChange[]
  }

  /** When the next change is due after `now`, in unix ms. */
  nextDue(now: number): number | undefined {
    const row = this.#sql('SELECT MIN(dueAt) AS dueAt FROM pending WHERE dueAt > ?').get(now)
    return (row as { dueAt: number | null }).dueAt ?? undefined
  }

  /** Number of changes that are not replicated yet, and of those that have failed before. */
  counts(): { readonly pending: number; readonly failing: number } {
    const row = this.#sql(
      'SELECT COUNT(*) AS pending, COUNT(*) FILTER (WHERE attempts > 0) AS failing FROM pending',
    ).get()
    return row as { pending: number; failing: number }
  }

  keepUpload({ key, version }: PendingChange, uploadId: string): void {
    this.#sql('UPDATE pending SET uploadId = ? WHERE key = ? AND version = ?').run(uploadId, key, version)
  }

  postpone({ key, version }: PendingChange, dueAt: number): void {
    this.#sql('UPDATE pending SET attempts = attempts + 1, dueAt = ? WHERE key = ? AND version = ?').run(
      dueAt,
      key,
      version,
    )
  }

  /** Makes all changes due: S3 responds again. */
  allDue(): void {
    this.#sql('UPDATE pending SET dueAt = 0').run()
  }

  /**
   * Marks a change as replicated, unless the key has changed again since.
   *
   * @param has what S3 has now
   */
  replicated({ key, version }: PendingChange, has: ObjectInfo | 'nothing' | 'unchanged', now: number): void {
    this.#transaction(() => {
      const { changes } = this.#sql('DELETE FROM pending WHERE key = ? AND version = ?').run(key, version)
      if (changes === 0 || has === 'unchanged') return
      if (has === 'nothing') this.forget(key)
      else this.setRemote({ ...has, address: has.address ?? null, lastUsed: now })
    })
  }

  /** Records that S3 lacks the object. */
  forget(key: string): void {
    this.#sql('DELETE FROM remote WHERE key = ?').run(key)
  }

  remote(key: string): RemoteObject | undefined {
    return this.#sql('SELECT * FROM remote WHERE key = ?').get(key) as RemoteObject | undefined
  }

  setRemote({ key, size, type, etag, modifiedAt, address, lastUsed }: RemoteObject): void {
    this.#sql('INSERT OR REPLACE INTO remote VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      key,
      size,
      type,
      etag,
      modifiedAt,
      address,
      lastUsed,
    )
  }

  /** Records an object that was listed in S3, unless more is known. */
  discover(objects: readonly Omit<RemoteObject, 'type' | 'address' | 'lastUsed'>[]): void {
    this.#transaction(() => {
      for (const { key, size, etag, modifiedAt } of objects) {
        this.#sql('INSERT OR IGNORE INTO remote VALUES (?, ?, NULL, ?, ?, NULL, NULL)').run(key, size, etag, modifiedAt)
      }
    })
  }

  used(key: string, lastUsed: number | null): void {
    this.#sql('UPDATE remote SET lastUsed = ? WHERE key = ?').run(lastUsed, key)
  }

  /**
   * Objects that S3 has and that were not deleted here, in key order, from `first` on, after `after`. Includes objects with a
   * write under way here: S3 keeps its version if that fails.
   */
  remotesFrom(first: string, after: string, limit: number): readonly RemoteObject[] {
    return this.#sql(
      `SELECT * FROM remote WHERE key >= ? AND key > ?
         AND key NOT IN (SELECT key FROM pending WHERE operation = 'delete') ORDER BY key LIMIT ?`,
    ).all(first, after, limit) as unknown as RemoteObject[]
  }

  /** Bytes kept here: replicated, and not replicated yet. */
  bytesHere(): number {
    const row = this.#sql(
      `SELECT (SELECT COALESCE(SUM(size), 0) FROM remote WHERE lastUsed IS NOT NULL) +
              (SELECT COALESCE(SUM(size), 0) FROM pending) AS bytes`,
    ).get()
    return (row as { bytes: number }).bytes
  }

  /** Replicated objects that are kept here, least recently used first. */
  evictable(limit: number): readonly RemoteObject[] {
    return this.#sql(
      `SELECT * FROM remote WHERE lastUsed IS NOT NULL AND key NOT IN (SELECT key FROM pending)
         ORDER BY lastUsed LIMIT ?`,
    ).all(limit) as unknown as RemoteObject[]
  }

  /** The folder's generation (local/generation.ts) when this was last written; undefined: never. */
  get generation(): number | undefined {
    const row = this.#sql("SELECT value FROM facts WHERE name = 'generation'").get()
    return (row as { value: number } | undefined)?.value
  }

  setGeneration(value: number): void {
    this.#sql("INSERT OR REPLACE INTO facts VALUES ('generation', ?)").run(value)
  }

  /** The S3 bucket that the folder is replicated to; undefined: none yet. */
  get bucketId(): string | undefined {
    return (this.#sql('SELECT id FROM bucket').get() as { id: string } | undefined)?.id
  }

  setBucketId(id: string): void {
    this.#sql('INSERT INTO bucket VALUES (?)').run(id)
  }

  /** Whether both sides have been compared once: from then on the state alone says what exists in S3. */
  get compared(): boolean {
    return this.#sql("SELECT value FROM facts WHERE name = 'compared'").get() !== undefined
  }

  /** Requires a new comparison of both sides. */
  clearCompared(): void {
    this.#sql("DELETE FROM facts WHERE name = 'compared'").run()
  }

  setCompared(): void {
    this.#sql("INSERT OR IGNORE INTO facts VALUES ('compared', 1)").run()
  }

  close(): void {
    this.#database.close()
  }
}
