/**
 * The folder's own table of contents: which keys exist, and which files hold their bytes. A key appears, changes or goes
 * in one SQLite transaction (write-ahead log, synced to disk at each commit), so no kill leaves half of it.
 *
 * Its exclusive file lock also keeps a second process out of the folder; the system releases it when a process dies.
 */
import { DatabaseSync } from 'node:sqlite'
import { ObjectStoreError } from '../errors.ts'

export interface ObjectRow {
  readonly key: string
  /** names the rows in `parts` that hold the bytes; copies of an object share it */
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
}

export interface UploadRow {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly startedAt: number
}

const VERSION = 1

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
    sha256 BLOB NOT NULL, file TEXT NOT NULL UNIQUE, PRIMARY KEY (content, number)
  ) WITHOUT ROWID, STRICT;
  PRAGMA user_version = ${VERSION};
`

/** SQLITE_BUSY: another connection has the lock. */
const BUSY = 5

/** Opens the database of a folder. @throws ObjectStoreError `locked`, `misconfigured` for a newer version's folder */
export const openDatabase = (path: string): LocalDatabase => {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const version = database.prepare('PRAGMA user_version').get()?.user_version
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
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

/** Statements of the store, by what they do. */
export class LocalDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  #sql(text: string) {
    let statement = this.#statements.get(text)
    if (!statement) this.#statements.set(text, (statement = this.#database.prepare(text)))
    return statement
  }

  /** Runs `work`, all of it or nothing. It is on disk when this returns. */
  transaction<A>(work: () => A): A {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
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

  /** Removes a key. @returns the content that no other key shares now, else undefined */
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
    this.#sql('INSERT OR REPLACE INTO parts VALUES (:content, :number, :start, :size, :sha256, :file)').run({ ...row })
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

  /** Removes all parts of a content. @returns their files */
  deleteParts(content: string): readonly string[] {
    const rows = this.#sql('DELETE FROM parts WHERE content = ? RETURNING file').all(content)
    return (rows as unknown as { file: string }[]).map((row) => row.file)
  }

  hasFile(file: string): boolean {
    return this.#sql('SELECT 1 FROM parts WHERE file = ?').get(file) !== undefined
  }

  close(): void {
    this.#database.close()
  }
}
