/** A log of the store `shop` in a SQLite database in memory, for tests that look below it. */
import { DatabaseSync } from 'node:sqlite'
import type { PoolEvent } from '@rockpool/core/records'
import { toSql } from '../adapters/sqlite/log-file.ts'
import { createRecentEvents } from '../event-log/recent-events.ts'
import { type SqlEventLog, sqlEventLog } from '../event-log/sql-log.ts'
import { createTables } from '../event-log/sql-schema.ts'
import { openSqlStore } from '../event-log/sql-store.ts'
import type { Sql } from '../event-log/sql.ts'
import { toLogEvent } from '../testing/file-events.ts'

export interface MemoryDatabase {
  readonly database: DatabaseSync
  readonly sql: Sql
  readonly log: SqlEventLog
  /** Appends events as the user `ada`. */
  push(...events: readonly PoolEvent[]): Promise<void>
}

export const memoryDatabase = (): MemoryDatabase => {
  const database = new DatabaseSync(':memory:')
  const sql = toSql(database, 'The log')
  createTables(sql, { storeId: 'shop', backendId: 'b', createdAt: 1 })
  const store = openSqlStore(sql, { backendId: 'b', recent: createRecentEvents(1024 * 1024)('shop') })
  const log = sqlEventLog(
    () => store,
    async () => store.close(),
  )
  return {
    database,
    sql,
    log,
    push: async (...events) => {
      const head = await log.head()
      const numbered = events.map((event, index) => Object.assign(toLogEvent(event), { seqNum: head + 1 + index }))
      await log.append(head, numbered, { sub: 'ada', at: 1 })
    },
  }
}
