/** The tables of an event log in SQLite, and whose log they are. */
import type { StoreId } from '@rockpool/protocol'
import { ensureTables as ensureReadModel, resetTables as resetReadModel } from '../read-model/schema.ts'
import { EventLogError } from './event-log.ts'
import type { Sql } from './sql.ts'
import { ensureUsage } from './usage.ts'

export const SCHEMA_VERSION = 1

const SCHEMA = [
  'CREATE TABLE log (version INTEGER NOT NULL, storeId TEXT NOT NULL, backendId TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT',
  `CREATE TABLE events (
    seqNum INTEGER PRIMARY KEY, name TEXT NOT NULL, args TEXT, clientId TEXT NOT NULL, sessionId TEXT NOT NULL,
    sub TEXT, at INTEGER NOT NULL
  ) STRICT`,
]

/** The row of the table `log`. */
export interface LogRow {
  readonly version: number
  readonly storeId: string
  readonly backendId: string
}

/** Creates all tables of a new log. Call it in a transaction. */
export const createTables = (sql: Sql, row: Omit<LogRow, 'version'> & { readonly createdAt: number }): void => {
  for (const statement of SCHEMA) sql.run(statement)
  sql.run('INSERT INTO log VALUES (?, ?, ?, ?)', SCHEMA_VERSION, row.storeId, row.backendId, row.createdAt)
  ensureUsage(sql)
  resetReadModel(sql)
}

/** Creates the tables beside `events` that an older version did not have, or had otherwise: all can be made from the events. */
export const ensureDerivedTables = (sql: Sql): void => {
  ensureUsage(sql)
  ensureReadModel(sql)
}

/**
 * The row of an existing log.
 *
 * @throws EventLogError `newer_version`, or `corrupt` when the log belongs to another store or has no row
 */
export const readLogRow = (sql: Sql, storeId: StoreId): LogRow => {
  const [row] = Array.from(sql.rows('SELECT version, storeId, backendId FROM log')) as unknown as readonly LogRow[]
  if (!row) throw new EventLogError('corrupt', `The event log of "${storeId}" is damaged. Restore it from a backup.`)
  if (row.version > SCHEMA_VERSION) throw newerVersion(storeId)
  if (row.storeId !== storeId) {
    throw new EventLogError(
      'corrupt',
      `The event log of "${storeId}" holds the events of "${row.storeId}". Put the right file in its place.`,
    )
  }
  return row
}

export const newerVersion = (storeId: StoreId): EventLogError =>
  new EventLogError(
    'newer_version',
    `A newer version of Rockpool wrote the event log of "${storeId}". Update this server.`,
  )
