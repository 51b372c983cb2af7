/** The tab's database: applies events to it, rolls them back, and says which tables have changed. */
import type { ClientSession, MaterializeError } from '@livestore/common'
import { EventSequenceNumber, SystemTables } from '@livestore/common/schema'
import { Effect, Option } from 'effect'
import type { Event } from '../events.ts'
import type { EventNumber } from '../numbers.ts'
import type { SessionProcessorOptions } from './options.ts'

export interface SessionDatabase {
  /** @returns the tables that the event wrote to */
  readonly materialize: (event: Event, fromLeader: boolean) => Effect.Effect<Set<string>, MaterializeError>
  /** Rolls back the last events that were materialized. @returns the tables that they wrote to */
  readonly rollBack: (events: readonly Event[]) => Set<string>
  /** Takes a copy of the leader's state. @returns the last event in it */
  readonly replace: (snapshot: Uint8Array<ArrayBuffer>) => EventNumber
  /** all tables that queries of the app can read */
  readonly appTables: () => Set<string>
}

export const openDatabase = ({
  schema,
  clientSession,
  materializeEvent,
  rollback,
}: SessionProcessorOptions): SessionDatabase => {
  /** the tables of each event that can be rolled back */
  const tablesOf = new WeakMap<Event['meta'], Set<string>>()

  const appTables = () =>
    new Set([...schema.state.sqlite.tables.keys()].filter((name) => !SystemTables.isStateSystemTable(name)))

  return {
    appTables,

    materialize: (event, fromLeader) =>
      materializeEvent(event, {
        withChangeset: true,
        materializerHashLeader: fromLeader ? event.meta.materializerHashLeader : Option.none(),
      }).pipe(
        Effect.map(({ writeTables, sessionChangeset, materializerHash }) => {
          event.meta.sessionChangeset = sessionChangeset
          event.meta.materializerHashSession = materializerHash
          tablesOf.set(event.meta, writeTables)
          return writeTables
        }),
      ),

    rollBack(events) {
      for (const { meta } of events.toReversed()) {
        if (meta.sessionChangeset._tag === 'sessionChangeset') rollback(meta.sessionChangeset.data)
      }
      return new Set(events.flatMap(({ meta }) => [...(tablesOf.get(meta) ?? appTables())]))
    },

    replace(snapshot) {
      clientSession.sqliteDb.import(snapshot)
      // An empty changeset rolls nothing back, and clears LiveStore's cache of query results (`fixes.ts`).
      rollback(new Uint8Array(0))
      return headOf(clientSession)
    },
  }
}

/** The last event in a state that came from the leader. */
const headOf = ({ sqliteDb }: ClientSession): EventNumber => {
  const [row] = sqliteDb.select<{ seqNumGlobal: number; seqNumClient: number; seqNumRebaseGeneration: number }>(
    `SELECT seqNumGlobal, seqNumClient, seqNumRebaseGeneration FROM ${SystemTables.SESSION_CHANGESET_META_TABLE}
     ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT 1`,
  )
  return row === undefined
    ? EventSequenceNumber.Client.ROOT
    : { global: row.seqNumGlobal, client: row.seqNumClient, rebaseGeneration: row.seqNumRebaseGeneration }
}
