/**
 * The SQLite file of one store, and its marker: `<storeId>.sqlite` and `<storeId>.id`. The marker holds the backend id. A
 * log whose file is missing, cut or replaced must not start again at 0: devices would take that for another log.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StoreId } from '@rockpool/protocol'
import { EventLogError } from '../../event-log/event-log.ts'
import {
  createTables,
  ensureDerivedTables,
  newerVersion,
  readLogRow,
  SCHEMA_VERSION,
} from '../../event-log/sql-schema.ts'
import { hasTable, type Sql, type SqlValue } from '../../event-log/sql.ts'
import { copyDatabase } from './copy-database.ts'
import { damaged, toLogError } from './errors.ts'
import { openReadOnly } from './read-only.ts'

export interface LogFile {
  readonly sql: Sql
  readonly backendId: string
  /**
   * Writes the log as it is at one moment to another file, with its marker. Appends continue during the copy and are part of it.
   *
   * @param base path of the copy without its extension; a copy that is there is replaced
   * @throws EventLogError
   */
  copyTo(base: string): Promise<void>
  close(): void
}

/**
 * Opens or creates the log of a store. A file that is refused is left as it is.
 *
 * @param base path of the file without its extension
 * @throws EventLogError
 */
export const openLogFile = (base: string, storeId: StoreId): LogFile =>
  openExisting(base, storeId) ?? openNew(base, storeId, (sql) => createLog(sql, storeId))

const createLog = (sql: Sql, storeId: StoreId): string => {
  const backendId = crypto.randomUUID()
  createTables(sql, { storeId, backendId, createdAt: Date.now() })
  return backendId
}

const nameOf = (storeId: StoreId) => `The event log of "${storeId}"`

const toLogFile = (database: DatabaseSync, backendId: string, what: string): LogFile => {
  const sql = toSql(database, what)
  ensureDerivedTables(sql)
  return {
    sql,
    backendId,
    copyTo: (base) => copyLog(database, base, backendId, what),
    close: () => database.close(),
  }
}

/** The log of a store, or undefined when there is none. @throws EventLogError */
export const openExisting = (base: string, storeId: StoreId): LogFile | undefined => {
  const what = nameOf(storeId)
  const [file, marker] = [`${base}.sqlite`, `${base}.id`]
  try {
    const expected = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : undefined
    const backendId = existsSync(file) ? inspect(file, storeId, what) : undefined
    if (backendId === undefined && expected === undefined) return undefined
    if (backendId === undefined) throw missing(storeId, existsSync(`${file}-wal`))
    if (expected !== undefined && backendId !== expected) throw replaced(storeId)
    // A crash between the log and its marker left it without one.
    if (expected === undefined) writeMarker(marker, backendId)
    return toLogFile(openDatabase(file), backendId, what)
  } catch (error) {
    throw toLogError(error, what)
  }
}

/** @param fill creates the tables, and runs in one transaction; @returns the backend id */
export const openNew = (base: string, storeId: StoreId, fill: (sql: Sql) => string): LogFile => {
  const what = nameOf(storeId)
  let database: DatabaseSync | undefined
  try {
    database = openDatabase(`${base}.sqlite`)
    const sql = toSql(database, what)
    const backendId = sql.transaction(() => {
      const backendId = fill(sql)
      sql.run(`PRAGMA user_version = ${SCHEMA_VERSION}`)
      return backendId
    })
    writeMarker(`${base}.id`, backendId)
    return toLogFile(database, backendId, what)
  } catch (error) {
    database?.close()
    throw toLogError(error, what)
  }
}

const copyLog = async (database: DatabaseSync, base: string, backendId: string, what: string): Promise<void> => {
  try {
    await copyDatabase(database, `${base}.sqlite`)
    writeMarker(`${base}.id`, backendId)
  } catch (error) {
    throw toLogError(error, `The copy of ${what.charAt(0).toLowerCase()}${what.slice(1)}`)
  }
}

/** The number of the last event in a copy. */
export const readCopiedHead = (file: string): number => {
  const database = openReadOnly(file)
  try {
    return Number(database.prepare('SELECT coalesce(max(seqNum), 0) AS head FROM events').get()?.head)
  } finally {
    database.close()
  }
}

/** Reads without writing: @returns the backend id, or undefined when the tables were never created */
const inspect = (file: string, storeId: StoreId, what: string): string | undefined => {
  const database = openReadOnly(file)
  try {
    const sql = toSql(database, what)
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
    if (version > SCHEMA_VERSION) throw newerVersion(storeId)
    if (version === 0) {
      if (database.prepare('SELECT 1 FROM sqlite_schema').get()) throw damaged(what)
      return undefined
    }
    const check = database.prepare('PRAGMA quick_check(1)').get()
    if (check?.quick_check !== 'ok') throw damaged(what, new Error(String(check?.quick_check)))
    if (!hasTable(sql, 'log') || !hasTable(sql, 'events')) throw damaged(what)
    const row = readLogRow(sql, storeId)
    const gap = database.prepare('SELECT count(*) <> coalesce(max(seqNum), 0) AS gap FROM events').get()
    if (gap?.gap !== 0) throw damaged(what, new Error('Events are missing.'))
    return row.backendId
  } finally {
    database.close()
  }
}

const openDatabase = (file: string): DatabaseSync => {
  // SQLite gives its files beside this one (-wal) the same mode.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    // The first write takes the lock, and keeps it.
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Written after the log is on disk. A crash in between leaves a log without a marker, which gets one at the next open. */
const writeMarker = (marker: string, backendId: string): void => {
  const temporary = `${marker}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, `${backendId}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, marker)
  syncFolder(path.dirname(marker))
}

/** Windows cannot sync a folder. */
const syncFolder = (folder: string): void => {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** SQLite would apply a `-wal` file that was left behind to a restored log, and damage it. */
const missing = (storeId: StoreId, hasWal: boolean) => {
  const restore = `Restore ${storeId}.sqlite from a backup${hasWal ? ` and delete ${storeId}.sqlite-wal` : ''}`
  const problem = `The event log of "${storeId}" is missing. ${restore}; to start an empty log, delete ${storeId}.id.`
  return new EventLogError('missing', problem)
}

const replaced = (storeId: StoreId) =>
  new EventLogError(
    'corrupt',
    `The event log of "${storeId}" was replaced by another one. Put back the right ${storeId}.sqlite, or delete ${storeId}.id to keep this one.`,
  )

const TRANSACTION = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'] as const
const SAVEPOINT = ['SAVEPOINT work', 'RELEASE work', 'ROLLBACK TO work; RELEASE work'] as const

export const toSql = (database: DatabaseSync, what: string): Sql => {
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  // Node 22.15 has no `DatabaseSync.isTransaction`.
  let isInTransaction = false
  const prepare = (query: string) => {
    const statement = statements.get(query) ?? database.prepare(query)
    statements.set(query, statement)
    return statement
  }
  const call = <A>(work: () => A): A => {
    try {
      return work()
    } catch (error) {
      throw isSqliteError(error) ? toLogError(error, what) : error
    }
  }
  return {
    rows: (query: string, ...values: SqlValue[]) => ({
      *[Symbol.iterator]() {
        const rows = call(() => prepare(query).iterate(...values))
        try {
          for (;;) {
            const { done, value } = call(() => rows.next())
            if (done) return
            yield value as Record<string, unknown>
          }
        } finally {
          // A statement that is left in the middle keeps its read transaction.
          rows.return?.()
        }
      },
    }),
    run: (query, ...values) => void call(() => prepare(query).run(...values)),
    transaction: (work, { durable = true } = {}) => {
      const isOuter = !isInTransaction
      const [begin, commit, rollback] = isOuter ? TRANSACTION : SAVEPOINT
      // The write-ahead log keeps the order: a later commit that syncs the disk syncs this one, too.
      const isUnsynced = isOuter && !durable
      if (isUnsynced) database.exec('PRAGMA synchronous = NORMAL')
      try {
        call(() => database.exec(begin))
        isInTransaction = true
        const result = work()
        call(() => database.exec(commit))
        return result
      } catch (error) {
        rollBack(database, rollback)
        throw error
      } finally {
        isInTransaction = !isOuter
        if (isUnsynced) database.exec('PRAGMA synchronous = FULL')
      }
    },
  }
}

/** Fails when there is nothing to roll back: SQLite itself did it on a full disk, for one. */
const rollBack = (database: DatabaseSync, statement: string): void => {
  try {
    database.exec(statement)
  } catch {
    // The error that led here counts.
  }
}

const isSqliteError = (error: unknown): boolean => (error as { readonly code?: unknown }).code === 'ERR_SQLITE_ERROR'
