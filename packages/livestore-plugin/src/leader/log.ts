/**
 * The log of a running leader: the databases, their state in memory, and a queue for each tab that pulls. All methods but
 * `subscribe` are synchronous, so the three change in one step.
 */
import { SyncState } from '@livestore/common'
import type { Subscribable } from '@livestore/utils/effect'
import { Effect, Queue, type Scope } from 'effect'
import { clone, type Event, toBranded } from '../events.ts'
import { type EventNumber, ROOT } from '../numbers.ts'
import type { LeaderNews } from '../session/machine.ts'
import { makeSignal } from '../signal.ts'
import { lazySubscribable } from '../subscribable.ts'
import type { Databases } from './databases.ts'
import type { LeaderState, LogChange } from './machine.ts'
import { missedNews } from './news.ts'

export type NewsQueue = Queue.Queue<{ readonly payload: Payload }>

type Payload = typeof SyncState.PayloadUpstream.Type

export interface LeaderLog {
  readonly state: () => LeaderState<Event>
  readonly syncState: Subscribable.Subscribable<SyncState.SyncState>
  /** Woken by each commit and each reread. For one waiter. */
  readonly changed: Effect.Effect<void>
  /** Woken by each commit. For one waiter. */
  readonly committed: Effect.Effect<void>
  /** Before this call the log is empty, and only `state` and `syncState` may be read. */
  readonly open: (databases: Databases) => void
  readonly isLogged: (event: Event) => boolean
  /** The events after the one that syncs and has this `global` number. */
  readonly eventsAfter: (global: number) => readonly Event[]
  /** Writes a change, and sends `news` to the tabs. */
  readonly commit: (change: LogChange<Event>, news: LeaderNews<Event> | undefined) => void
  readonly writeBackendHead: () => void
  /** Reads the state from the databases, and ends the tabs' queues: they pull again. */
  readonly reread: () => void
  /** The news after `cursor`. */
  readonly subscribe: (cursor: EventNumber) => Effect.Effect<NewsQueue, never, Scope.Scope>
}

export const makeLeaderLog: Effect.Effect<LeaderLog> = Effect.gen(function* () {
  const queues = new Set<NewsQueue>()
  let databases: Databases | undefined
  let state: LeaderState<Event> = { head: ROOT, generation: 0, backendHead: 0, pending: [] }
  let writtenBackendHead = 0
  const changedSignal = yield* makeSignal
  const committedSignal = yield* makeSignal
  const { subscribable: syncState, changed: publishSyncState } = yield* lazySubscribable(
    () =>
      new SyncState.SyncState(
        {
          pending: state.pending as never,
          upstreamHead: toBranded({ ...ROOT, global: state.backendHead }),
          localHead: toBranded(state.head),
        },
        { disableValidation: true },
      ),
  )

  const reread = () => {
    state = databases!.read()
    writtenBackendHead = state.backendHead
    for (const queue of queues) Effect.runFork(Queue.shutdown(queue))
    queues.clear()
    publishSyncState()
    changedSignal.wake()
  }

  return {
    state: () => state,
    syncState,
    changed: changedSignal.wait,
    committed: committedSignal.wait,

    open(opened) {
      databases = opened
      reread()
    },

    isLogged: (event) => databases!.isLogged(event),
    eventsAfter: (global) => databases!.after(global),

    commit({ rollback, append, state: next }, news) {
      // A confirmation alone is written later, by `writeBackendHead` or with the next change: a leader that starts before
      // that pulls the confirmed events once more, and recognizes them.
      if (rollback.length > 0 || append.length > 0) {
        const moved = next.backendHead !== writtenBackendHead
        const { backendHead, generation } = next
        const isUnwritten = append.length === 0
        databases!.write({ rollback, append, ...(moved && { backendHead }), ...(isUnwritten && { generation }) })
        writtenBackendHead = next.backendHead
      }
      state = next
      if (news !== undefined) for (const queue of queues) queue.unsafeOffer({ payload: toPayload(news) })
      publishSyncState()
      changedSignal.wake()
      committedSignal.wake()
    },

    writeBackendHead() {
      if (writtenBackendHead === state.backendHead) return
      databases!.write({ backendHead: state.backendHead })
      writtenBackendHead = state.backendHead
    },

    reread,

    subscribe: (cursor) =>
      Effect.gen(function* () {
        const queue = yield* Effect.acquireRelease(Queue.unbounded<{ payload: Payload }>(), (queue) =>
          Effect.zipRight(
            Effect.sync(() => queues.delete(queue)),
            Queue.shutdown(queue),
          ),
        )
        yield* Effect.sync(() => {
          const news = missedNews(databases!.since(cursor))
          if (news !== undefined) queue.unsafeOffer({ payload: toPayload(news) })
          queues.add(queue)
        })
        return queue
      }),
  }
})

const toPayload = (news: LeaderNews<Event>): Payload =>
  news._tag === 'upstream-advance'
    ? { ...news, newEvents: news.newEvents.map(clone) }
    : { ...news, newEvents: news.newEvents.map(clone), rollbackEvents: news.rollbackEvents.map(clone) }
