/**
 * The tables of LiveStore's sync-cf 0.4.0, and their import: the same numbers and the same backend id, else every device
 * stops at a foreign log. See `cf-worker/do/sqlite.ts` and `sync-storage.ts` of @livestore/sync-cf.
 */
import type { StoreId } from '@rockpool/protocol'
import { EventLogError } from '../event-log/event-log.ts'
import type { StoredEvent } from '../event-log/event.ts'
import { insertEvents } from '../event-log/sql-events.ts'
import { createTables } from '../event-log/sql-schema.ts'
import { hasTable, type Sql } from '../event-log/sql.ts'
import { orderEvents } from './order-events.ts'

/** `PERSISTENCE_FORMAT_VERSION` of sync-cf is part of the names of its tables. 0.4.0-dev.23 has the same one. */
const CONTEXT_TABLE = 'context_7'
const eventTable = (storeId: StoreId) => `eventlog_7_${storeId.replaceAll(/[^a-zA-Z0-9]/g, '_')}`

export interface SyncCfLog {
  readonly storeId: StoreId
  readonly backendId: string
  readonly events: readonly StoredEvent[]
  /** events that have another number now, since theirs did not follow the one before */
  readonly renumbered: number
}

/**
 * The log that sync-cf keeps in a database; undefined before the first push, when sync-cf has not stored its backend id.
 *
 * @throws EventLogError `corrupt` when an event is missing, or when the log was kept in D1 or by another version of sync-cf
 */
export const readSyncCfLog = (sql: Sql): SyncCfLog | undefined => {
  if (!hasTable(sql, CONTEXT_TABLE)) {
    const other = otherLog(sql)
    if (other === undefined) return undefined
    throw new EventLogError('corrupt', other.startsWith('eventlog_7_') ? IN_D1 : otherVersion(other))
  }
  const [row, ...others] = Array.from(sql.rows(`SELECT storeId, backendId FROM ${CONTEXT_TABLE}`))
  if (!row) return undefined
  if (others.length > 0)
    throw new EventLogError('corrupt', 'This sync-cf database holds several stores. Import one store.')
  const [storeId, backendId] = [String(row.storeId), String(row.backendId)]
  if (!hasTable(sql, eventTable(storeId))) throw new EventLogError('corrupt', IN_D1)
  const rows = Array.from(sql.rows(selectEvents(storeId)), toRow)
  const ordered = orderEvents(rows)
  if ('missing' in ordered) {
    const problem = `The sync-cf log of "${storeId}" lacks event ${ordered.missing}. Import a backup that has all events.`
    throw new EventLogError('corrupt', problem)
  }
  const renumbered = ordered.events.filter(({ seqNum }, index) => seqNum !== String(index + 1)).length
  return { storeId, backendId, events: ordered.events.map(toEvent), renumbered }
}

/** The name of a table with events of sync-cf, of any version. */
const otherLog = (sql: Sql): string | undefined => {
  const [row] = Array.from(
    sql.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'eventlog_[0-9]*'"),
  )
  return row && String(row.name)
}

const IN_D1 =
  'This sync-cf keeps its events in D1, apart from their backend id. Only logs in the storage of its Durable Object can be imported.'

const otherVersion = (table: string): string =>
  `Another version of sync-cf wrote this database ("${table}"). Only logs of 0.4.0 and 0.4.0-dev.23 can be imported.`

/** Numbers as text: node:sqlite refuses to read an integer above 2^53. */
const selectEvents = (storeId: StoreId) => `
  SELECT CAST(seqNum AS TEXT) AS seqNum, CAST(parentSeqNum AS TEXT) AS parentSeqNum, name, args, createdAt, clientId, sessionId
  FROM "${eventTable(storeId)}" AS log ORDER BY log.seqNum`

/** Creates our tables from a log of sync-cf. Call it in a transaction. @returns the backend id */
export const storeSyncCfLog = (sql: Sql, { storeId, backendId, events }: SyncCfLog): string => {
  createTables(sql, { storeId, backendId, createdAt: Date.now() })
  insertEvents(sql, events)
  return backendId
}

const toRow = (row: Readonly<Record<string, unknown>>) => ({
  seqNum: String(row.seqNum),
  parentSeqNum: String(row.parentSeqNum),
  name: String(row.name),
  // sync-cf stores an event without args as NULL.
  argsJson: (row.args as string | null) ?? undefined,
  clientId: String(row.clientId),
  sessionId: String(row.sessionId),
  at: Date.parse(String(row.createdAt)) || 0,
})

const toEvent = (
  { name, argsJson, clientId, sessionId, at }: ReturnType<typeof toRow>,
  index: number,
): StoredEvent => ({ name, argsJson, seqNum: index + 1, clientId, sessionId, sub: undefined, at })
