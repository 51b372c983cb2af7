/** The sync server's logs in SQLite, in memory: as those on disk, with their read model, and without files. */
import { DatabaseSync } from 'node:sqlite'
import type { Logs, SqlEventLog } from '@rockpool/sync-server'
import { toSql } from '../../packages/sync-server/src/adapters/sqlite/log-file.ts'
import { sqlEventLog } from '../../packages/sync-server/src/event-log/sql-log.ts'
import { createTables } from '../../packages/sync-server/src/event-log/sql-schema.ts'
import { openSqlStore } from '../../packages/sync-server/src/event-log/sql-store.ts'

/** @param backendId of all logs */
export const sqlLogsInMemory = (backendId: string, createdAt: number): Logs<SqlEventLog> => {
  const logs = new Map<string, { readonly log: SqlEventLog; readonly close: () => void }>()
  const openLog = (storeId: string) => {
    const database = new DatabaseSync(':memory:')
    const sql = toSql(database, 'The log')
    createTables(sql, { storeId, backendId, createdAt })
    const store = openSqlStore(sql, { backendId })
    const close = () => {
      store.close()
      database.close()
    }
    return {
      log: sqlEventLog(
        () => store,
        async () => {},
      ),
      close,
    }
  }
  return {
    open: async (storeId) => {
      const opened = logs.get(storeId) ?? openLog(storeId)
      logs.set(storeId, opened)
      return opened.log
    },
    close: async () => {
      for (const { close } of logs.values()) close()
      logs.clear()
    },
  }
}
