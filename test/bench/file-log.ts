/** A log of files as the server opens it, for the benches of the gate and the read model. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toSql } from '../../packages/sync-server/src/adapters/sqlite/log-file.ts'
import type { LogEvent } from '../../packages/sync-server/src/event-log/event.ts'
import { createRecentEvents } from '../../packages/sync-server/src/event-log/recent-events.ts'
import { type SqlEventLog, sqlEventLog } from '../../packages/sync-server/src/event-log/sql-log.ts'
import { createTables } from '../../packages/sync-server/src/event-log/sql-schema.ts'
import { openSqlStore } from '../../packages/sync-server/src/event-log/sql-store.ts'
import type { Sql } from '../../packages/sync-server/src/event-log/sql.ts'

const hex = (index: number) => index.toString(16).padStart(8, '0')

/** The args of an event that adds a file, as the engine writes them. */
const fileArgs = (index: number) => ({
  opId: crypto.randomUUID(),
  id: crypto.randomUUID(),
  name: `photo ${index}.jpg`,
  type: 'image/jpeg',
  size: 1_000 + ((index * 7_919) % 1_000_000),
  remoteKey: `shop/files/${hex((index * 2_654_435_761) % 2 ** 32).repeat(8)}`,
  meta: '{"album":"reef","width":4000,"height":3000}',
  at: 1_700_000_000_000 + index * 1_000,
})

/** The events of a push, and their args; `more`: further args of each. */
export const batchAfter = (head: number, size: number, more: (index: number) => object = () => ({})) => {
  const ids = { clientId: 'client', sessionId: 'session' }
  const events = Array.from({ length: size }, (_, index): LogEvent => {
    const argsJson = JSON.stringify({ ...fileArgs(head + index), ...more(head + index) })
    return { name: 'v2.FileAdded', argsJson, seqNum: head + index + 1, ...ids }
  })
  // As a request has them: parsed.
  return { args: events.map(({ argsJson }) => JSON.parse(argsJson!) as unknown), events }
}

export interface OpenLog extends AsyncDisposable {
  readonly database: DatabaseSync
  readonly log: SqlEventLog
  /** the same log, whose read model follows it */
  readonly readable: SqlEventLog
}

/** @param options.readModel whether appends feed the read model */
export const openLog = async ({ readModel }: { readonly readModel: boolean }): Promise<OpenLog> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'))
  const database = new DatabaseSync(join(folder, 'log.sqlite'))
  const stores: { close(): void }[] = []
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const sql = toSql(database, 'The log')
  sql.transaction(() => createTables(sql, { storeId: 'shop', backendId: 'bench', createdAt: 0 }))
  const logOver = (over: Sql) => {
    const store = openSqlStore(over, { backendId: 'bench', recent: createRecentEvents(32 * 1024 * 1024)('shop') })
    stores.push(store)
    return sqlEventLog(
      () => store,
      async () => {},
    )
  }
  return {
    database,
    log: logOver(readModel ? sql : withoutReadModel(sql)),
    readable: logOver(sql),
    async [Symbol.asyncDispose]() {
      for (const store of stores) store.close()
      database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** To an append it looks as if every event were applied. */
const withoutReadModel = (sql: Sql): Sql => ({
  ...sql,
  rows: (query, ...values) =>
    query.includes('FROM read_model') ? [{ applied: Infinity }] : sql.rows(query, ...values),
})

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!
