/**
 * What a tab has of the log: its database, and the state of `machine.ts` in memory. Each method is one synchronous step
 * that changes both, refreshes the queries and wakes the fiber that pushes.
 */
import { SyncState } from '@livestore/common'
import type { Subscribable } from '@livestore/utils/effect'
import { Effect } from 'effect'
import { type Event, renumber, toBranded } from '../events.ts'
import { makeSignal } from '../signal.ts'
import { lazySubscribable } from '../subscribable.ts'
import { openDatabase, type SessionDatabase } from './database.ts'
import {
  afterCommit,
  afterPush,
  afterReset,
  decideNews,
  type LeaderNews,
  localHead,
  pushAgain,
  type SessionState,
} from './machine.ts'
import type { SessionProcessorOptions } from './options.ts'

/** Runs an effect that never waits. */
export type RunSync = <A, E>(effect: Effect.Effect<A, E>) => A

export interface SessionLog {
  readonly state: () => SessionState<Event>
  readonly syncState: Subscribable.Subscribable<SyncState.SyncState>
  readonly counts: { rebaseCount: number; advanceCount: number; rejectCount: number }
  /** Woken by each change of the state. For one waiter. */
  readonly changed: Effect.Effect<void>
  /** whether the leader does not know where this tab stands, so that the tab has to start over from the leader's state */
  readonly resetWanted: () => boolean
  readonly materialize: SessionDatabase['materialize']
  /** The tab's own events, once they are materialized. */
  readonly commit: (events: readonly Event[]) => void
  /** A pull begins, or the leader is silent about what was sent. */
  readonly pushAgain: () => void
  /** @returns false when the tab has to pull again, or to start over */
  readonly take: (news: LeaderNews<Event>, runSync: RunSync) => boolean
  /** The leader took a push. */
  readonly pushed: (batch: readonly Event[]) => void
  /** Takes the leader's state as this tab's own, with what is pending on top. */
  readonly startOver: (snapshot: Uint8Array<ArrayBuffer>, runSync: RunSync) => void
}

export const makeSessionLog = (options: SessionProcessorOptions): Effect.Effect<SessionLog> =>
  Effect.gen(function* () {
    const { clientSession, refreshTables } = options
    const database = openDatabase(options)
    let state: SessionState<Event> = {
      leaderHead: clientSession.leaderThread.initialState.leaderHead,
      pending: [],
      sent: 0,
    }
    let resetWanted = false
    const counts = { rebaseCount: 0, advanceCount: 0, rejectCount: 0 }
    const changedSignal = yield* makeSignal
    const { subscribable: syncState, changed: publishSyncState } = yield* lazySubscribable(
      () =>
        new SyncState.SyncState(
          {
            pending: state.pending as never,
            upstreamHead: toBranded(state.leaderHead),
            localHead: toBranded(localHead(state)),
          },
          { disableValidation: true },
        ),
    )

    return {
      state: () => state,
      syncState,
      counts,
      changed: changedSignal.wait,
      resetWanted: () => resetWanted,
      materialize: database.materialize,

      commit(events) {
        if (events.length === 0) return
        state = afterCommit(state, events)
        publishSyncState()
        changedSignal.wake()
      },

      pushAgain() {
        state = pushAgain(state)
        changedSignal.wake()
      },

      take(news, runSync) {
        const decision = decideNews(state, news, renumber)
        if (decision.outcome === 'reset') {
          resetWanted = true
          changedSignal.wake()
          return false
        }
        if (decision.outcome === 'pull again') return false
        const { rollback: rolledBack, apply, state: next } = decision
        if (rolledBack.length > 0) counts.rebaseCount++
        else counts.advanceCount++
        const tables = database.rollBack(rolledBack)
        state = next
        const ours = new Set(next.pending)
        for (const event of apply) {
          for (const table of runSync(database.materialize(event, !ours.has(event)))) tables.add(table)
        }
        if (tables.size > 0) refreshTables(tables)
        publishSyncState()
        changedSignal.wake()
        return true
      },

      pushed(batch) {
        state = afterPush(state, batch)
      },

      startOver(snapshot, runSync) {
        state = afterReset(state, database.replace(snapshot), renumber)
        for (const event of state.pending) runSync(database.materialize(event, false))
        resetWanted = false
        counts.rebaseCount++
        refreshTables(database.appTables())
        publishSyncState()
      },
    }
  })
