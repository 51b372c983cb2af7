/**
 * Whether the state database is what the event log makes of it: its tables are all there, and both end at the same event. A
 * page that ended between two writes leaves it otherwise. It is then made anew from the log, in one transaction.
 */
import type { SqliteDb } from '@livestore/common'
import { LeaderThreadCtx, recreateDb } from '@livestore/common/leader-thread'
import { type LiveStoreSchema, SystemTables } from '@livestore/common/schema'
import { Effect } from 'effect'

export const levelState = Effect.gen(function* () {
  const { schema, dbState, dbEventlog, bootStatusQueue, materializeEvent } = yield* LeaderThreadCtx
  // With the strategy 'manual' the app makes its state itself.
  if (schema.state.sqlite.migrations.strategy !== 'auto' || isLevel(schema, dbState, dbEventlog)) return
  dbState.execute('BEGIN TRANSACTION')
  for (const { name } of dbState.select<{ name: string }>(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  )) {
    dbState.execute(`DROP TABLE IF EXISTS "${name}"`)
  }
  yield* recreateDb({ dbState, dbEventlog, schema, bootStatusQueue, materializeEvent })
  dbState.execute('COMMIT')
})

const isLevel = (schema: LiveStoreSchema, dbState: SqliteDb, dbEventlog: SqliteDb): boolean =>
  isComplete(schema, dbState) &&
  headOf(dbState, SystemTables.SESSION_CHANGESET_META_TABLE) ===
    headOf(dbEventlog, `${SystemTables.EVENTLOG_META_TABLE} WHERE name IN (${materializedNames(schema)})`)

const isComplete = (schema: LiveStoreSchema, dbState: SqliteDb): boolean => {
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
