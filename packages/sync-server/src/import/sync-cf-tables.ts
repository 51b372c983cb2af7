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

/** `PERSISTENCE_FORMAT_VERSION` of sync-cf is part of the names of its tables. */
const CONTEXT_TABLE = 'context_7'
const eventTable = (storeId: StoreId) => `eventlog_7_${storeId.replaceAll(/[^a-zA-Z0-9]/g, '_')}`

export interface SyncCfLog {
  readonly storeId: StoreId
  readonly backendId: string
  readonly events: readonly StoredEvent[]
}

/**
 * The log that sync-cf keeps in a database; undefined before the first push, when sync-cf has not stored its backend id.
 *
 * @throws EventLogError `corrupt` when numbers are missing
 */
export const readSyncCfLog = (sql: Sql): SyncCfLog | undefined => {
  if (!hasTable(sql, CONTEXT_TABLE)) return undefined
  const [row, ...others] = Array.from(sql.rows(`SELECT storeId, backendId FROM ${CONTEXT_TABLE}`))
  if (!row) return undefined
  if (others.length > 0)
    throw new EventLogError('corrupt', 'This sync-cf database holds several stores. Import one store.')
  const [storeId, backendId] = [String(row.storeId), String(row.backendId)]
  const rows = sql.rows(`SELECT * FROM "${eventTable(storeId)}" ORDER BY seqNum`)
  return {
    storeId,
    backendId,
    events: Array.from(rows, (row, index) => toEvent(row, index, storeId)),
  }
}

/** Creates our tables from a log of sync-cf. Call it in a transaction. @returns the backend id */
export const storeSyncCfLog = (sql: Sql, { storeId, backendId, events }: SyncCfLog): string => {
  createTables(sql, { storeId, backendId, createdAt: Date.now() })
  insertEvents(sql, events)
  return backendId
}

const toEvent = (row: Readonly<Record<string, unknown>>, index: number, storeId: StoreId): StoredEvent => {
  const { seqNum, parentSeqNum, name, args, createdAt, clientId, sessionId } = row
  if (seqNum !== index + 1 || parentSeqNum !== index) {
    const problem = `The sync-cf log of "${storeId}" has a gap after event ${index}. Import a backup that has all events.`
    throw new EventLogError('corrupt', problem)
  }
  return {
    name: String(name),
    // sync-cf stores an event without args as NULL.
    argsJson: (args as string | null) ?? undefined,
    seqNum,
    clientId: String(clientId),
    sessionId: String(sessionId),
    sub: undefined,
    at: Date.parse(String(createdAt)) || 0,
  }
}
