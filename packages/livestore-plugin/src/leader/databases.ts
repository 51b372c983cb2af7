/**
 * The leader's two databases: the event log, and the state that is made from it. A page can end between any two writes to
 * the disk, so each change is one transaction for each, and the log is committed first: a state behind the log is made anew
 * from it at the next start (`state-check.ts`), while a log behind its state would number new events after lost ones, and the
 * sync backend would refuse these from then on.
 *
 * All of it is synchronous: nothing else runs in this thread between the first statement and the last.
 */
import type { SqliteDb } from '@livestore/common'
import { Eventlog, type MaterializeEvent, rollback } from '@livestore/common/leader-thread'
import { LiveStoreEvent, SystemTables } from '@livestore/common/schema'
import { Effect } from 'effect'
import { saysTheSame } from '../commit-id.ts'
import { type Event, toBranded } from '../events.ts'
import { compareNumbers, type EventNumber, isSameNumber, ROOT } from '../numbers.ts'
import type { LeaderState } from './machine.ts'

const { EVENTLOG_META_TABLE, SESSION_CHANGESET_META_TABLE } = SystemTables

export interface Change {
  readonly rollback?: readonly Event[]
  readonly append?: readonly Event[]
  /** the `global` number of the last event that the backend has confirmed, when it moved */
  readonly backendHead?: number
}

export interface Databases {
  /** The state that the log is in. */
  read(): LeaderState<Event>
  /** @throws what the databases or a materializer throw; then nothing has changed */
  write(change: Change): void
  /** Whether the log has this commit, at its number or behind it: a rebase only moves events back. */
  isLogged(event: Event): boolean
  /** The events after a place, as tabs apply them; undefined when the log does not have that place. */
  since(head: EventNumber): readonly Event[] | undefined
}

export interface DatabasesOptions {
  readonly dbState: SqliteDb
  readonly dbEventlog: SqliteDb
  readonly materializeEvent: MaterializeEvent
  /** runs an effect that never waits */
  readonly runSync: <A, E>(effect: Effect.Effect<A, E>) => A
}

export const openDatabases = ({ dbState, dbEventlog, materializeEvent, runSync }: DatabasesOptions): Databases => {
  const eventsSince = (since: EventNumber) =>
    Eventlog.getEventsSince({ dbEventlog, dbState, since: toBranded(since) }).filter(
      ({ seqNum }) => compareNumbers(seqNum, since) > 0,
    )

  const apply = ({ rollback: taken = [], append = [], backendHead }: Change) => {
    if (taken.length > 0) {
      // LiveStore selects all of them by one statement: 1 kB of SQL for 30 events, so thousands need parts.
      for (const part of inParts(taken.toReversed(), ROLLBACK_AT_ONCE)) {
        const eventNumsToRollback = part.map(({ seqNum }) => toBranded(seqNum))
        runSync(rollback({ dbState, dbEventlog, eventNumsToRollback }))
      }
    }
    if (backendHead !== undefined) {
      Eventlog.updateBackendHead(dbEventlog, toBranded({ ...ROOT, global: backendHead }))
    }
    for (const event of append) {
      const { sessionChangeset, hash } = runSync(materializeEvent(event))
      event.meta.sessionChangeset = sessionChangeset
      event.meta.materializerHashLeader = hash
    }
    if (backendHead !== undefined) forgetChangesets(dbState, backendHead)
  }

  return {
    read() {
      const head = Eventlog.getClientHeadFromDb(dbEventlog)
      const backendHead = Eventlog.getBackendHeadFromDb(dbEventlog)
      const unconfirmed = eventsSince({ ...ROOT, global: backendHead })
      const first = unconfirmed.findIndex(({ seqNum }) => seqNum.client === 0)
      return { head, backendHead, pending: first === -1 ? [] : unconfirmed.slice(first) }
    },

    write(change) {
      try {
        for (const database of [dbEventlog, dbState]) database.execute('BEGIN TRANSACTION')
        apply(change)
        for (const database of [dbEventlog, dbState]) database.execute('COMMIT')
      } catch (error) {
        for (const database of [dbState, dbEventlog]) abandon(database)
        throw error
      }
    },

    isLogged(event) {
      const rows = dbEventlog.select<{ seqNumGlobal: number; seqNumClient: number; name: string; argsJson: string }>(
        `SELECT seqNumGlobal, seqNumClient, name, argsJson FROM ${EVENTLOG_META_TABLE}
         WHERE seqNumGlobal >= ? AND sessionId = ? AND clientId = ?`,
        [event.seqNum.global, event.sessionId, event.clientId] as never,
      )
      return rows.some(
        ({ seqNumGlobal, seqNumClient, name, argsJson }) =>
          event.sessionId.includes('#') ||
          (seqNumGlobal === event.seqNum.global &&
            seqNumClient === event.seqNum.client &&
            saysTheSame(event, { ...event, name, args: JSON.parse(argsJson) })),
      )
    },

    since(head) {
      if (!isSameNumber(head, ROOT) && !hasPlace(dbEventlog, head)) return undefined
      return eventsSince(head).map((event) => new LiveStoreEvent.Client.EncodedWithMeta({ ...event }))
    },
  }
}

const ROLLBACK_AT_ONCE = 500

const inParts = <A>(items: readonly A[], size: number): readonly A[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size))

const hasPlace = (dbEventlog: SqliteDb, { global, client, rebaseGeneration }: EventNumber): boolean =>
  dbEventlog.select(
    `SELECT 1 FROM ${EVENTLOG_META_TABLE} WHERE seqNumGlobal = ? AND seqNumClient = ? AND seqNumRebaseGeneration = ?`,
    [global, client, rebaseGeneration] as never,
  ).length > 0

/**
 * Confirmed events are never taken back, so their changesets go. The last row stays: it says where the state, and a tab that
 * starts from it, stand.
 */
const forgetChangesets = (dbState: SqliteDb, backendHead: number): void =>
  dbState.execute(
    `DELETE FROM ${SESSION_CHANGESET_META_TABLE} WHERE seqNumGlobal < ${backendHead}
     AND seqNumGlobal < (SELECT MAX(seqNumGlobal) FROM ${SESSION_CHANGESET_META_TABLE})`,
  )

/** One may be committed already, or rolled back by SQLite itself (a full disk). */
const abandon = (database: SqliteDb): void => {
  try {
    database.execute('ROLLBACK')
  } catch {
    // no transaction is open
  }
}
