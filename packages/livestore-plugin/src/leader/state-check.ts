/**
 * The state database is stale when a table is missing, or when it does not end at the same event as the log: a page ended
 * between two writes. It is then rebuilt from the log, in one transaction.
 */
import type { SqliteDb } from '@livestore/common'
import { LeaderThreadCtx, recreateDb } from '@livestore/common/leader-thread'
import { type LiveStoreSchema, SystemTables } from '@livestore/common/schema'
import { Effect } from 'effect'
import { dropTables } from './databases.ts'

export const rebuildStaleState = Effect.gen(function* () {
  const { schema, dbState, dbEventlog, bootStatusQueue, materializeEvent } = yield* LeaderThreadCtx
  // With the strategy 'manual' the app makes its state itself.
  if (schema.state.sqlite.migrations.strategy !== 'auto' || isUpToDate(schema, dbState, dbEventlog)) return
  dbState.execute('BEGIN TRANSACTION')
  dropTables(dbState)
  yield* recreateDb({ dbState, dbEventlog, schema, bootStatusQueue, materializeEvent })
  dbState.execute('COMMIT')
})

const isUpToDate = (schema: LiveStoreSchema, dbState: SqliteDb, dbEventlog: SqliteDb): boolean =>
  hasAllTables(schema, dbState) &&
  headOf(dbState, SystemTables.SESSION_CHANGESET_META_TABLE) ===
    headOf(dbEventlog, `${SystemTables.EVENTLOG_META_TABLE} WHERE name IN (${materializedNames(schema)})`)

const hasAllTables = (schema: LiveStoreSchema, dbState: SqliteDb): boolean => {
  const present = new Set(dbState.select<{ name: string }>('SELECT name FROM sqlite_master').map(({ name }) => name))
  return [...schema.state.sqlite.tables.values()].every(
    ({ sqliteDef: { name, ast } }) =>
      present.has(name) &&
      ast.indexes.every((index: { readonly name: string | undefined }) => present.has(index.name ?? name)),
  )
}

const headOf = (database: SqliteDb, table: string): string =>
  JSON.stringify(
    database.select(
      `SELECT seqNumGlobal, seqNumClient, seqNumRebaseGeneration FROM ${table}
       ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 1`,
    ),
  )

/** The log may hold events that this version of the app does not know: they change no state. */
const materializedNames = (schema: LiveStoreSchema): string =>
  [...schema.state.materializers.keys()]
    .filter((name) => schema.eventsDefsMap.has(name))
    .map((name) => `'${name.replaceAll("'", "''")}'`)
    .join(', ')
