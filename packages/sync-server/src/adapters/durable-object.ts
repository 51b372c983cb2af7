/** The event log in the SQLite storage of a Durable Object: one object per store. */
import type { StoreId } from '@rockpool/protocol'
import { closedError } from '../event-log/event-log.ts'
import { createRecentEvents } from '../event-log/recent-events.ts'
import { type SqlEventLog, sqlEventLog } from '../event-log/sql-log.ts'
import { createTables, ensureDerivedTables, readLogRow } from '../event-log/sql-schema.ts'
import { openSqlStore } from '../event-log/sql-store.ts'
import { hasTable, type Sql } from '../event-log/sql.ts'
import { readSyncCfLog, storeSyncCfLog } from '../import/sync-cf-tables.ts'
import { catchUp } from '../read-model/catch-up.ts'
import type { DurableObjectStorage } from '../workers/runtime.ts'

/** Recent events, as JSON. Objects of one class share 128 MB. */
const MAX_RECENT_BYTES = 4 * 1024 * 1024

/**
 * Opens or creates the log. An object that LiveStore's sync-cf wrote before keeps its events, their numbers and its backend
 * id; the tables of sync-cf stay as they are.
 *
 * @throws EventLogError
 */
export const openDurableObjectLog = async (storage: DurableObjectStorage, storeId: StoreId): Promise<SqlEventLog> => {
  const sql = toSql(storage)
  if (!hasTable(sql, 'log')) {
    const former = readSyncCfLog(sql)
    sql.transaction(() => {
      if (former) storeSyncCfLog(sql, former)
      else createTables(sql, { storeId, backendId: crypto.randomUUID(), createdAt: Date.now() })
    })
  }
  const { backendId } = readLogRow(sql, storeId)
  ensureDerivedTables(sql)
  await catchUp(() => sql)
  const store = openSqlStore(sql, { backendId, recent: createRecentEvents(MAX_RECENT_BYTES)(storeId) })
  let isOpen = true
  const openStore = () => {
    if (!isOpen) throw closedError()
    return store
  }
  return sqlEventLog(openStore, async () => {
    isOpen = false
    store.close()
  })
}

/** The store of an object that has a log: an object that an alarm wakes does not learn it otherwise. */
export const storedStoreId = (storage: DurableObjectStorage): StoreId | undefined => {
  const sql = toSql(storage)
  if (!hasTable(sql, 'log')) return undefined
  const [row] = Array.from(sql.rows('SELECT storeId FROM log'))
  return row?.storeId as StoreId | undefined
}

/** The runtime sends no response and no message before the writes that came before it are durable (output gates). */
const toSql = (storage: DurableObjectStorage): Sql => ({
  rows: (query, ...values) => storage.sql.exec(query, ...values),
  run: (query, ...values) => void storage.sql.exec(query, ...values),
  transaction: (work) => storage.transactionSync(work),
})
