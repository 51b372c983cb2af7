/**
 * The folder's index: which keys exist, and which files hold their bytes. A key is created, changed or removed
 * in one SQLite transaction (write-ahead log, synced to disk at each commit), so a kill never leaves a partial change.
 *
 * Its exclusive file lock also keeps a second process out of the folder; the system releases it when a process dies.
 */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ObjectStoreError } from '../errors.ts'

export interface ObjectRow {
  readonly key: string
  /** references the rows in `parts` that hold the bytes; copies of an object share it */
  readonly content: string
  readonly size: number
  readonly type: string
  readonly address: string
  readonly modifiedAt: number
}

export interface PartRow {
  /** the upload's id, also after it was completed */
  readonly content: string
  readonly number: number
  /** where the part begins in the object; 0 while the upload is not complete */
  readonly start: number
  readonly size: number
  readonly sha256: Uint8Array<ArrayBuffer>
  /** under `contents/` */
  readonly file: string
  /** bytes of the file: `size`, and the trailer behind it (content-trailer.ts) */
  readonly length: number
}

export interface UploadRow {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly startedAt: number
}

const VERSION = 2

const SCHEMA = `
  CREATE TABLE objects (
    key TEXT PRIMARY KEY, content TEXT NOT NULL, size INTEGER NOT NULL, type TEXT NOT NULL,
    address TEXT NOT NULL, modifiedAt INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX objects_content ON objects (content);
  CREATE TABLE uploads (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, type TEXT NOT NULL, startedAt INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE parts (
    content TEXT NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 BLOB NOT NULL, file TEXT NOT NULL UNIQUE, length INTEGER NOT NULL, PRIMARY KEY (content, number)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE removals (file TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  PRAGMA user_version = ${VERSION};
`

/** Files of version 1 have no trailer. */
const FROM_1 = `
  ALTER TABLE parts ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
  UPDATE parts SET length = size;
  CREATE TABLE removals (file TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
  CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  PRAGMA user_version = ${VERSION};
`

/** SQLITE_BUSY: another connection has the lock. */
const BUSY = 5

/** Opens the database of a folder. @throws ObjectStoreError `locked`, `misconfigured` for a newer version's folder */
export const openDatabase = (path: string): LocalDatabase => {
  // SQLite gives its log the mode of the database.
  closeSync(openSync(path, 'a', 0o600))
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600)
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const version = database.prepare('PRAGMA user_version').get()?.user_version
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    else if (version === 1) database.exec(`BEGIN IMMEDIATE; ${FROM_1} COMMIT`)
    else if (version !== VERSION) {
      throw new ObjectStoreError('misconfigured', 'This folder was written by a newer version of Rockpool. Update it.')
    }
    // The first write takes the lock, and keeps it.
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return new LocalDatabase(database)
  } catch (cause) {
    database.close()
    if ((cause as { errcode?: number }).errcode !== BUSY) throw cause
    throw new ObjectStoreError(
      'locked',
      'Another process uses this storage folder. Stop it, or give this one a folder of its own.',
      { cause },
    )
  }
}

/** The store's SQL statements. */
export class LocalDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  #changes = 0

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  #sql(text: string) {
    let statement = this.#statements.get(text)
    if (!statement) this.#statements.set(text, (statement = this.#database.prepare(text)))
    return statement
  }

  /** Transactions of this process so far. */
  get changes(): number {
    return this.#changes
  }

  /** Runs `work` in one transaction. It is on disk when this returns. */
  transaction<A>(work: () => A): A {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      this.#changes++
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  /** Fails when there is nothing to roll back: SQLite itself did it on a full disk, for one. */
  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // The error that led here counts.
    }
  }

  object(key: string): ObjectRow | undefined {
    return this.#sql('SELECT * FROM objects WHERE key = ?').get(key) as ObjectRow | undefined
  }

  putObject(row: ObjectRow): void {
    this.#sql('INSERT OR REPLACE INTO objects VALUES (:key, :content, :size, :type, :address, :modifiedAt)').run({
      ...row,
    })
  }

  /** Removes a key. @returns its content if no other key shares it, else undefined */
  deleteObject(key: string): string | undefined {
    const row = this.#sql('DELETE FROM objects WHERE key = ? RETURNING content').get(key) as
      | { readonly content: string }
      | undefined
    if (!row) return undefined
    return this.#sql('SELECT 1 FROM objects WHERE content = ?').get(row.content) ? undefined : row.content
  }

  /** Keys in the order of their UTF-8 bytes, from `first` on, without `after`. */
  objectsFrom(first: string, after: string, limit: number): readonly ObjectRow[] {
    return this.#sql('SELECT * FROM objects WHERE key >= ? AND key > ? ORDER BY key LIMIT ?').all(
      first,
      after,
      limit,
    ) as unknown as ObjectRow[]
  }

  upload(id: string): UploadRow | undefined {
    return this.#sql('SELECT * FROM uploads WHERE id = ?').get(id) as UploadRow | undefined
  }

  uploadsOf(key: string): readonly UploadRow[] {
    return this.#sql('SELECT * FROM uploads WHERE key = ?').all(key) as unknown as UploadRow[]
  }

  putUpload(row: UploadRow): void {
    this.#sql('INSERT INTO uploads VALUES (:id, :key, :type, :startedAt)').run({ ...row })
  }

  /** @returns whether there was one */
  deleteUpload(id: string): boolean {
    return this.#sql('DELETE FROM uploads WHERE id = ?').run(id).changes > 0
  }

  uploadsBefore(startedAt: number): readonly UploadRow[] {
    return this.#sql('SELECT * FROM uploads WHERE startedAt < ?').all(startedAt) as unknown as UploadRow[]
  }

  putPart(row: PartRow): void {
    this.#sql('INSERT OR REPLACE INTO parts VALUES (:content, :number, :start, :size, :sha256, :file, :length)').run({
      ...row,
    })
  }

  parts(content: string): readonly PartRow[] {
    return this.#sql('SELECT * FROM parts WHERE content = ? ORDER BY number').all(content) as unknown as PartRow[]
  }

  part(content: string, number: number): PartRow | undefined {
    return this.#sql('SELECT * FROM parts WHERE content = ? AND number = ?').get(content, number) as PartRow | undefined
  }

  /** Parts that hold bytes from `start` to `end` (exclusive). */
  partsBetween(content: string, start: number, end: number): readonly PartRow[] {
    return this.#sql('SELECT * FROM parts WHERE content = ? AND start < ? AND start + size > ? ORDER BY number').all(
      content,
      end,
      start,
    ) as unknown as PartRow[]
  }

  deletePart(content: string, number: number): void {
    this.#sql('DELETE FROM parts WHERE content = ? AND number = ?').run(content, number)
  }

  /** Removes all parts of content. @returns their files */
  deleteParts(content: string): readonly string[] {
    const rows = this.#sql('DELETE FROM parts WHERE content = ? RETURNING file').all(content)
    return (rows as unknown as { file: string }[]).map((row) => row.file)
  }

  /** Records files that are about to be removed, so that a sweep after a kill removes them, too. */
  putRemovals(files: readonly string[]): void {
    for (const file of files) this.#sql('INSERT OR IGNORE INTO removals VALUES (?)').run(file)
  }

  /** These files are gone. */
  deleteRemovals(files: readonly string[]): void {
    for (const file of files) this.#sql('DELETE FROM removals WHERE file = ?').run(file)
  }

  isRemoval(file: string): boolean {
    return this.#sql('SELECT 1 FROM removals WHERE file = ?').get(file) !== undefined
  }

  /** Whether any file is expected under `contents/`. */
  hasFiles(): boolean {
    return this.#sql('SELECT 1 FROM parts LIMIT 1').get() !== undefined
  }

  /** See generation.ts. 0 in a new index. */
  get generation(): number {
    const row = this.#sql("SELECT value FROM facts WHERE name = 'generation'").get()
    return (row as { value: number } | undefined)?.value ?? 0
  }

  setGeneration(value: number): void {
    this.#sql("INSERT OR REPLACE INTO facts VALUES ('generation', ?)").run(value)
  }

  /** Objects one by one, in the order of their keys. */
  *objects(): Generator<ObjectRow> {
    for (let after = ''; ;) {
      const page = this.objectsFrom('', after, 1000)
      yield* page
      if (page.length < 1000) return
      after = page.at(-1)!.key
    }
  }

  countObjects(): number {
    return (this.#sql('SELECT COUNT(*) AS count FROM objects').get() as { count: number }).count
  }

  /** Whether an object is made of this content. */
  hasContent(content: string): boolean {
    return this.#sql('SELECT 1 FROM objects WHERE content = ?').get(content) !== undefined
  }

  allUploads(): readonly UploadRow[] {
    return this.#sql('SELECT * FROM uploads').all() as unknown as UploadRow[]
  }

  hasFile(file: string): boolean {
    return this.#sql('SELECT 1 FROM parts WHERE file = ?').get(file) !== undefined
  }

  /** Writes a copy to a file that is not there. */
  copyTo(path: string): void {
    this.#database.prepare('VACUUM INTO ?').run(path)
  }

  /** Whether each commit is synced to the disk; on by default. Switching it on syncs all earlier writes. */
  setSynced(synced: boolean): void {
    this.#database.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'OFF'}`)
    if (synced) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#database.close()
  }
}
