/**
 * The leader's two databases: the event log, and the state that is made from it. A page can end between any two writes to
 * the disk, so a change is one transaction in each of them, and the log is committed first. A state behind its log is
 * rebuilt at the next start (`state-check.ts`). A log behind its state would number new events after lost ones, and the sync
 * backend would refuse all of these.
 *
 * All of it is synchronous: nothing else runs in this thread between the first statement and the last.
 */
import type { SqliteDb } from '@livestore/common'
import { Eventlog, type MaterializeEvent, rollback } from '@livestore/common/leader-thread'
import { LiveStoreEvent, SystemTables } from '@livestore/common/schema'
import { Effect } from 'effect'
import { isSameCommit } from '../commit-id.ts'
import { type Event, toBranded } from '../events.ts'
import { compareNumbers, type EventNumber, isSameNumber, ROOT } from '../numbers.ts'
import type { LeaderState } from './machine.ts'
import { makeRecentCommits, RECENT_COMMITS } from './recent-commits.ts'

const { EVENTLOG_META_TABLE, SESSION_CHANGESET_META_TABLE, SYNC_STATUS_TABLE } = SystemTables

export interface Change {
  readonly rollback?: readonly Event[]
  readonly append?: readonly Event[]
  /** the `global` number of the last event that the backend has confirmed, when it moved */
  readonly backendHead?: number
  /** the generation of the next event, when no appended event has it */
  readonly generation?: number
}

export interface Databases {
  /** The state that the log is in. */
  read(): LeaderState<Event>
  /**
   * @throws StateBehindLog when the log has the change and its state has not
   * @throws what the databases or a materializer throw; then nothing has changed
   */
  write(change: Change): void
  /** Whether the log has this commit, under its number or another one. */
  isLogged(event: Event): boolean
  /** The events after the one that syncs and has this `global` number. */
  after(global: number): readonly Event[]
  /** The events after `head`, as tabs apply them; undefined when the log does not have `head`. */
  since(head: EventNumber): readonly Event[] | undefined
}

/** The disk took a change of the log, and not that of the state. The leader has to end: its next start rebuilds the state. */
export class StateBehindLog extends Error {
  constructor(cause: unknown) {
    super('The disk failed while a change was written. Nothing is lost: reload the page.', { cause })
  }
}

export interface DatabasesOptions {
  readonly dbState: SqliteDb
  readonly dbEventlog: SqliteDb
  readonly materializeEvent: MaterializeEvent
  /** runs an effect that never waits */
  readonly runSync: <A, E>(effect: Effect.Effect<A, E>) => A
}

/**
 * Settings that make a change cheap to write. Call it before the first change.
 *
 * With a write-ahead log a small change flushes the disk once: for the log. The state needs no flush, since one that is behind
 * its log is rebuilt at the next start. SQLite leaves databases as they are that cannot have a write-ahead log: those in
 * memory, and the files of Node, whose lock is not held.
 *
 * The statement journal stays in memory. Once it has more than 64 KiB, SQLite moves it to a temporary file, and keeps that file
 * as long as the lock is held: in Chromium three of four writes of a leader then went there, two with each changed page.
 */
export const configureDatabases = ({ dbEventlog, dbState }: Pick<DatabasesOptions, 'dbEventlog' | 'dbState'>): void => {
  for (const database of [dbEventlog, dbState]) database.execute('PRAGMA temp_store = MEMORY')
  dbEventlog.execute('PRAGMA journal_mode = WAL')
  const [mode] = dbState.select<{ journal_mode: string }>('PRAGMA journal_mode = WAL')
  if (mode?.journal_mode === 'wal') dbState.execute('PRAGMA synchronous = NORMAL')
}

/** Over databases that LiveStore has opened. Call `read` first: it also reads which commits are recent. */
export const openDatabases = ({ dbState, dbEventlog, materializeEvent, runSync }: DatabasesOptions): Databases => {
  const recent = makeRecentCommits()
  const eventsSince = (since: EventNumber) =>
    Eventlog.getEventsSince({ dbEventlog, dbState, since: toBranded(since) }).filter(
      ({ seqNum }) => compareNumbers(seqNum, since) > 0,
    )

  const apply = ({ rollback: rolledBack = [], append = [], backendHead, generation }: Change) => {
    for (const part of inParts(rolledBack.toReversed(), ROLLBACK_BATCH_SIZE)) {
      const eventNumsToRollback = part.map(({ seqNum }) => toBranded(seqNum))
      runSync(rollback({ dbState, dbEventlog, eventNumsToRollback }))
    }
    if (backendHead !== undefined) {
      Eventlog.updateBackendHead(dbEventlog, toBranded({ ...ROOT, global: backendHead }))
    }
    if (generation !== undefined) writeGeneration(dbEventlog, generation)
    for (const event of append) {
      const { sessionChangeset, hash } = runSync(materializeEvent(event))
      event.meta.sessionChangeset = sessionChangeset
      event.meta.materializerHashLeader = hash
    }
    if (backendHead !== undefined) deleteConfirmedChangesets(dbState, backendHead)
  }

  return {
    read() {
      recent.clear()
      recent.add(lastCommits(dbEventlog))
      const head = Eventlog.getClientHeadFromDb(dbEventlog)
      const backendHead = Eventlog.getBackendHeadFromDb(dbEventlog)
      const unconfirmed = eventsSince({ ...ROOT, global: backendHead })
      const first = unconfirmed.findIndex(({ seqNum }) => seqNum.client === 0)
      const generation = Math.max(head.rebaseGeneration, readGeneration(dbEventlog))
      return { head, generation, backendHead, pending: first === -1 ? [] : unconfirmed.slice(first) }
    },

    write(change) {
      try {
        for (const database of [dbEventlog, dbState]) database.execute('BEGIN TRANSACTION')
        apply(change)
        dbEventlog.execute('COMMIT')
      } catch (error) {
        for (const database of [dbState, dbEventlog]) rollBackTransaction(database)
        throw error
      }
      try {
        dbState.execute('COMMIT')
      } catch (cause) {
        rollBackTransaction(dbState)
        throw new StateBehindLog(cause)
      }
      recent.remove(change.rollback ?? [])
      recent.add(change.append ?? [])
    },

    after: (global) => eventsSince({ ...ROOT, global }),

    isLogged(event) {
      if (!recent.has(event)) return false
      const rows = dbEventlog.select<{ seqNumGlobal: number; seqNumClient: number; name: string; argsJson: string }>(
        `SELECT seqNumGlobal, seqNumClient, name, argsJson FROM ${EVENTLOG_META_TABLE}
         WHERE seqNumGlobal >= ? AND sessionId = ? AND clientId = ?`,
        [event.seqNum.global - RECENT_COMMITS, event.sessionId, event.clientId] as never,
      )
      return rows.some(({ seqNumGlobal: global, seqNumClient: client, name, argsJson }) =>
        isSameCommit(event, {
          ...event,
          seqNum: { ...event.seqNum, global, client },
          name,
          args: JSON.parse(argsJson),
        }),
      )
    },

    since(head) {
      if (!isSameNumber(head, ROOT) && !hasNumber(dbEventlog, head)) return undefined
      return eventsSince(head).map((event) => new LiveStoreEvent.Client.EncodedWithMeta({ ...event }))
    },
  }
}

/** The oldest first. */
const lastCommits = (dbEventlog: SqliteDb) =>
  dbEventlog
    .select<{ clientId: string; sessionId: string }>(
      `SELECT clientId, sessionId FROM ${EVENTLOG_META_TABLE}
       ORDER BY seqNumGlobal DESC, seqNumClient DESC LIMIT ${RECENT_COMMITS}`,
    )
    .toReversed()

/** Beside LiveStore's tables of the log: it is only written when the end of the log is rolled back. */
const GENERATION_TABLE = 'rockpool_generation'

const readGeneration = (dbEventlog: SqliteDb): number => {
  dbEventlog.execute(`CREATE TABLE IF NOT EXISTS ${GENERATION_TABLE} (generation INTEGER NOT NULL)`)
  const [row] = dbEventlog.select<{ generation: number }>(`SELECT generation FROM ${GENERATION_TABLE}`)
  return row?.generation ?? 0
}

const writeGeneration = (dbEventlog: SqliteDb, generation: number): void => {
  dbEventlog.execute(`DELETE FROM ${GENERATION_TABLE}`)
  dbEventlog.execute(`INSERT INTO ${GENERATION_TABLE} VALUES (${generation})`)
}

/** LiveStore names all events of a rollback in one SQL statement: 1 kB for 30 of them. */
const ROLLBACK_BATCH_SIZE = 500

const inParts = <A>(items: readonly A[], size: number): readonly A[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size))

const hasNumber = (dbEventlog: SqliteDb, { global, client, rebaseGeneration }: EventNumber): boolean =>
  dbEventlog.select(
    `SELECT 1 FROM ${EVENTLOG_META_TABLE} WHERE seqNumGlobal = ? AND seqNumClient = ? AND seqNumRebaseGeneration = ?`,
    [global, client, rebaseGeneration] as never,
  ).length > 0

/**
 * Confirmed events are never rolled back, so their changesets are not needed. The last row stays: it is the head of the
 * state, and of a tab that starts from it.
 */
const deleteConfirmedChangesets = (dbState: SqliteDb, backendHead: number): void =>
  dbState.execute(
    `DELETE FROM ${SESSION_CHANGESET_META_TABLE} WHERE seqNumGlobal < ${backendHead}
     AND seqNumGlobal < (SELECT MAX(seqNumGlobal) FROM ${SESSION_CHANGESET_META_TABLE})`,
  )

/** No transaction is open when it was committed already, or when SQLite rolled it back itself (a full disk). */
const rollBackTransaction = (database: SqliteDb): void => {
  try {
    database.execute('ROLLBACK')
  } catch {
    // no transaction is open
  }
}

/** Deletes all events and all state. */
export const clearDatabases = ({ dbEventlog, dbState }: Pick<DatabasesOptions, 'dbEventlog' | 'dbState'>): void => {
  dbEventlog.execute(`DELETE FROM ${EVENTLOG_META_TABLE}`)
  dbEventlog.execute(`DELETE FROM ${SYNC_STATUS_TABLE}`)
  dropTables(dbState)
}

export const dropTables = (database: SqliteDb): void => {
  for (const { name } of database.select<{ name: string }>(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  )) {
    database.execute(`DROP TABLE IF EXISTS "${name}"`)
  }
}
