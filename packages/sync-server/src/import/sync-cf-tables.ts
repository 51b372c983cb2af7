/**
 * The tables of LiveStore's sync-cf 0.4.0, and their import: the same numbers and the same backend id, else every device
 * stops at a foreign log. See `cf-worker/do/sqlite.ts` and `sync-storage.ts` of @livestore/sync-cf.
 */
import type { StoreId } from '@rockpool/protocol'
import { EventLogError } from '../event-log/event-log.ts'
import { hashEvent, type StoredEvent } from '../event-log/event.ts'
import { createTables, insertEvents, type Sql } from '../event-log/sql-log.ts'

/** `PERSISTENCE_FORMAT_VERSION` of sync-cf is part of the names of its tables. */
const CONTEXT_TABLE = 'context_7'
const eventTable = (storeId: StoreId) => `eventlog_7_${storeId.replaceAll(/[^a-zA-Z0-9]/g, '_')}`

export interface SyncCfLog {
  readonly storeId: StoreId
  readonly backendId: string
}

export interface ImportedLog extends SyncCfLog {
  readonly head: number
}

/** Whether sync-cf stored events here. */
export const hasSyncCfTables = (sql: Sql): boolean => {
  const tables = Array.from(sql.rows('SELECT 1 FROM sqlite_schema WHERE name = ?', CONTEXT_TABLE))
  return tables.length > 0 && readSyncCfLog(sql) !== undefined
}

/** The log that sync-cf keeps here; undefined before the first push, when its backend id is not stored yet. */
export const readSyncCfLog = (sql: Sql): SyncCfLog | undefined => {
  const rows = Array.from(sql.rows(`SELECT storeId, backendId FROM ${CONTEXT_TABLE}`))
  if (rows.length > 1)
    throw new EventLogError('corrupt', 'This sync-cf database holds several stores. Import is not possible.')
  return rows[0] as unknown as SyncCfLog | undefined
}

/**
 * Creates our tables in `target` from those of sync-cf in `source`, in one transaction.
 *
 * @throws EventLogError `corrupt` when numbers are missing, or the events are those of another store
 */
export const importSyncCfTables = async (source: Sql, target: Sql, storeId: StoreId): Promise<ImportedLog> => {
  const log = readSyncCfLog(source)
  if (log?.storeId !== storeId) {
    throw new EventLogError('corrupt', `This sync-cf database holds no events of the store "${storeId}".`)
  }
  const rows = source.rows(`SELECT * FROM "${eventTable(storeId)}" ORDER BY seqNum`)
  const events = await Promise.all(Array.from(rows, (row, index) => toHashedEvent(row, index, storeId)))
  target.transaction(() => {
    createTables(target, { storeId, backendId: log.backendId, createdAt: Date.now() })
    insertEvents(target, events)
  })
  return { storeId, backendId: log.backendId, head: events.length }
}

const toHashedEvent = async (row: Readonly<Record<string, unknown>>, index: number, storeId: StoreId) => {
  const { seqNum, parentSeqNum, name, args, createdAt, clientId, sessionId } = row
  if (seqNum !== index + 1 || parentSeqNum !== index) {
    throw new EventLogError(
      'corrupt',
      `The sync-cf log of "${storeId}" has a gap after event ${index}. It cannot be imported.`,
    )
  }
  const event = {
    name: String(name),
    // sync-cf stores an event without args as NULL.
    argsJson: (args as string | null) ?? undefined,
    seqNum: index + 1,
    clientId: String(clientId),
    sessionId: String(sessionId),
    sub: undefined,
    at: Date.parse(String(createdAt)) || 0,
  } satisfies StoredEvent
  return { ...event, hash: await hashEvent(event) }
}
