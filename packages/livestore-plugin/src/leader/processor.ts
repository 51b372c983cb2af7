/**
 * The leader's sync processor, in the place of LiveStore's `LeaderSyncProcessor`: tabs push to it and pull from it, and it
 * pushes to the sync backend and pulls from it. What it decides stands in `machine.ts`; here are the effects.
 *
 * A step (decide, write both databases, tell the tabs) is synchronous: it cannot be interrupted, and nothing comes between.
 * A refused push, an error, a lost answer end in the same place: the other side is asked where it stands, and what is
 * pending is sent again after a pause.
 */
import {
  type BackendIdMismatchError,
  IntentionalShutdownCause,
  isRejectedPushError,
  LeaderAheadError,
  type SyncBackend,
  SyncState,
  UnknownError,
} from '@livestore/common'
import {
  Eventlog,
  LeaderThreadCtx,
  type LeaderSyncProcessor,
  type ShutdownChannel,
} from '@livestore/common/leader-thread'
import { LiveStoreEvent, type LiveStoreSchema, resolveEventDef, SystemTables } from '@livestore/common/schema'
import { Cause, Deferred, Effect, Exit, Option, Queue, Runtime, Stream } from 'effect'
import { commitIds, randomPart } from '../commit-id.ts'
import { clone, type Event, renumber, toBranded } from '../events.ts'
import { leadersHere } from '../marks.ts'
import { ROOT } from '../numbers.ts'
import { pauseAfter } from '../pause.ts'
import type { LeaderNews } from '../session/machine.ts'
import { makeSignal } from '../signal.ts'
import { lazySubscribable } from '../subscribable.ts'
import {
  afterBackendPush,
  afterConfirmationTimeout,
  type BackendPushOutcome,
  hasCaughtUp,
  IDLE_BACKEND_PUSHER,
  nextBackendAction,
} from './backend-pusher.ts'
import { type Databases, openDatabases } from './databases.ts'
import { decideBackendEvents, decidePush, type LeaderState, type LogChange, numberAtHead } from './machine.ts'
import { missedNews, newsOf } from './news.ts'
import { takePage } from './pages.ts'
import { levelState } from './state-check.ts'

leadersHere()

/** After a confirmation, before it is written by itself. */
const QUIET_MOMENT = '1 second'
/** Between tries to reach the sync backend. Its provider has a back-off of its own. */
const BACKEND_PAUSE = { base: 500, max: 10_000 }
/** Events that the backend took and that do not come back by then are pushed again: it knows what it has. */
const CONFIRMATION_TIMEOUT = '10 seconds'
/** The backend answered that others were first; what these wrote comes by the pull. */
const CATCH_UP_TIMEOUT = '5 seconds'
/** In one request. The provider splits what its backend takes at once. */
const BACKEND_PUSH_LIMIT = 500

type Payload = typeof SyncState.PayloadUpstream.Type
type OriginalOptions = {
  readonly schema: LiveStoreSchema
  readonly initialBlockingSyncContext: {
    update(_: { readonly pageInfo: SyncBackend.PullResPageInfo; readonly processed: number }): Effect.Effect<void>
  }
  readonly onError: 'shutdown' | 'ignore'
  readonly onBackendIdMismatch: 'reset' | 'shutdown' | 'ignore'
  readonly params: { readonly backendPushBatchSize?: number }
  readonly livePull: boolean
  readonly testing?: { readonly delays?: { readonly localPushProcessing?: Effect.Effect<void> } }
}

/** The tabs' queues and what the databases say. Every method is synchronous. */
interface Log {
  readonly state: () => LeaderState<Event>
  readonly commit: (change: LogChange<Event>, news: LeaderNews<Event> | undefined) => void
  readonly writeBackendHead: () => void
  readonly reread: () => void
}

export const makeLeaderSyncProcessor = (options: OriginalOptions): Effect.Effect<LeaderSyncProcessor> =>
  Effect.gen(function* () {
    const { schema, testing } = options
    const queues = new Set<Queue.Queue<{ payload: Payload }>>()
    let databases: Databases | undefined
    let state: LeaderState<Event> = { head: ROOT, backendHead: 0, pending: [] }
    let writtenBackendHead = 0
    const booted = yield* Deferred.make<void>()
    /** closed while pages of the backend's events are coming: pushes in between would each be moved behind the next page */
    const betweenPages = yield* Effect.makeLatch(true)
    const pushSignal = yield* makeSignal
    const confirmedSignal = yield* makeSignal
    const { subscribable: syncState, changed } = yield* lazySubscribable(
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

    const log: Log = {
      state: () => state,
      commit(change, news) {
        const { rollback, append, state: next } = change
        // That the backend has confirmed events is written with the next change, or in a quiet moment: a leader that starts
        // before that pulls them once more, and knows them.
        if (rollback.length > 0 || append.length > 0) {
          databases!.write({ rollback, append, backendHead: next.backendHead })
          writtenBackendHead = next.backendHead
        }
        state = next
        if (news !== undefined) for (const queue of queues) queue.unsafeOffer({ payload: toPayload(news) })
        changed()
        pushSignal.wake()
        confirmedSignal.wake()
      },
      writeBackendHead() {
        if (writtenBackendHead === state.backendHead) return
        databases!.write({ backendHead: state.backendHead })
        writtenBackendHead = state.backendHead
      },
      reread() {
        state = databases!.read()
        writtenBackendHead = state.backendHead
        for (const queue of queues) Effect.runFork(Queue.shutdown(queue))
        queues.clear()
        changed()
        pushSignal.wake()
      },
    }

    const push: LeaderSyncProcessor['push'] = (pushed) =>
      Effect.gen(function* () {
        if (pushed.length === 0) return
        yield* booted
        if (testing?.delays?.localPushProcessing) yield* testing.delays.localPushProcessing
        yield* betweenPages.await
        yield* Effect.suspend(() => {
          const decision = decidePush(state, pushed.map(clone), (event) => databases!.isLogged(event))
          if (decision.answer === 'rejected') return Effect.fail(leaderAhead(state, pushed))
          if (decision.answer === 'accepted') log.commit(decision, newsOf(decision))
          return Effect.void
        })
      })

    const idOfDevtools = commitIds('devtools', randomPart)
    const pushPartial: LeaderSyncProcessor['pushPartial'] = ({ event: { name, args }, clientId, sessionId }) =>
      Effect.gen(function* () {
        const resolution = yield* resolveEventDef(schema, {
          operation: '@livestore/common:LeaderSyncProcessor:pushPartial',
          event: { name, args, clientId, sessionId, seqNum: toBranded(state.head) },
        })
        if (resolution._tag === 'unknown') return
        const numbers = numberAtHead(state, resolution.eventDef.options.clientOnly)
        const event = { name, args, clientId, sessionId: idOfDevtools(), ...(numbers as never as object) }
        yield* push([new LiveStoreEvent.Client.EncodedWithMeta(event as never)])
      }).pipe(Effect.catchIf(isRejectedPushError, Effect.die))

    const pullQueue: LeaderSyncProcessor['pullQueue'] = ({ cursor }) =>
      Effect.gen(function* () {
        yield* booted
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
      })

    const boot: LeaderSyncProcessor['boot'] = Effect.gen(function* () {
      const { storeId, syncBackend, dbState, dbEventlog, materializeEvent } = yield* LeaderThreadCtx
      yield* levelState.pipe(Effect.orDie)
      const runtime = yield* Effect.runtime()
      databases = openDatabases({ dbState, dbEventlog, materializeEvent, runSync: Runtime.runSync(runtime) })
      log.reread()
      yield* Effect.addFinalizer(() => Effect.sync(() => log.writeBackendHead()).pipe(Effect.ignoreLogged))
      yield* Deferred.succeed(booted, undefined)
      changed()
      if (syncBackend !== undefined) {
        const restartSignal = yield* makeSignal
        const leaders = leadersHere()
        const handle = {
          restart: () => {
            log.reread()
            restartSignal.wake()
          },
        }
        yield* Effect.acquireRelease(
          Effect.sync(() => leaders.set(storeId, handle)),
          () => Effect.sync(() => leaders.get(storeId) === handle && leaders.delete(storeId)),
        )
        const { setPaging, resume } = pagingOf(betweenPages)
        const pulling = pullFromBackend(options, log, setPaging).pipe(Effect.ensuring(resume))
        const pushing = pushToBackend(options, log, pushSignal.wait)
        const writing = confirmedSignal.wait.pipe(
          Effect.zipRight(Effect.sleep(QUIET_MOMENT)),
          Effect.zipRight(Effect.sync(log.writeBackendHead)),
          Effect.catchAllCause((cause) =>
            Effect.logWarning('LiveStore could not write where its backend stands.', cause),
          ),
          Effect.forever,
        )
        yield* Effect.all([pulling, pushing, writing], { concurrency: 'unbounded', discard: true }).pipe(
          Effect.raceFirst(restartSignal.wait),
          Effect.forever,
          Effect.interruptible,
          Effect.forkScoped,
        )
      }
      return { initialLeaderHead: toBranded(state.head) }
    })

    return {
      boot,
      push,
      pushPartial,
      pullQueue,
      pull: ({ cursor }) => Stream.unwrapScoped(Effect.map(pullQueue({ cursor }), (queue) => Stream.fromQueue(queue))),
      syncState,
    } satisfies LeaderSyncProcessor
  })

const toPayload = (news: LeaderNews<Event>): Payload =>
  news._tag === 'upstream-advance'
    ? { ...news, newEvents: news.newEvents.map(clone) }
    : { ...news, newEvents: news.newEvents.map(clone), rollbackEvents: news.rollbackEvents.map(clone) }

const leaderAhead = ({ head }: LeaderState<Event>, pushed: readonly Event[]): LeaderAheadError =>
  LeaderAheadError.make({
    minimumExpectedNum: toBranded(head),
    providedNum: pushed[0]!.seqNum,
    sessionId: pushed[0]!.sessionId,
  })

const pagingOf = (betweenPages: Effect.Latch) => ({
  setPaging: ({ _tag }: SyncBackend.PullResPageInfo) => (_tag === 'NoMore' ? betweenPages.open : betweenPages.close),
  resume: betweenPages.open,
})

/** Takes the backend's events into the log, as long as the leader lives. */
const pullFromBackend = (
  options: OriginalOptions,
  log: Log,
  setPaging: (pageInfo: SyncBackend.PullResPageInfo) => Effect.Effect<unknown>,
) =>
  Effect.gen(function* () {
    const { syncBackend, devtools, shutdownChannel } = yield* LeaderThreadCtx
    const runtime = yield* Effect.runtime<LeaderThreadCtx>()
    const latch = devtools.enabled ? devtools.syncBackendLatch : undefined
    let tries = 0

    const take = (events: readonly Event[]) => {
      const decision = decideBackendEvents(log.state(), events, renumber)
      if (decision.answer === 'known') return
      if (decision.answer === 'gap') throw new Error('Events of the sync backend are missing.')
      log.commit(decision, newsOf(decision))
      const described = decision.confirmed.filter(({ meta }) => Option.isSome(meta.syncMetadata))
      if (described.length > 0) Runtime.runSync(runtime)(Eventlog.updateSyncMetadata(described).pipe(Effect.orDie))
    }

    const pullOnce = Effect.gen(function* () {
      let held: readonly Event[] = []
      const cursor = yield* Eventlog.getSyncBackendCursorInfo({ remoteHead: log.state().backendHead as never })
      yield* syncBackend!.pull(cursor, { live: options.livePull }).pipe(
        Stream.runForEach(({ batch, pageInfo }) =>
          Effect.gen(function* () {
            if (latch) yield* latch.await
            yield* setPaging(pageInfo)
            yield* Effect.sync(() => {
              const page = { events: batch.map(toEvent), isLast: pageInfo._tag === 'NoMore' }
              const pages = takePage(held, page, log.state().pending.length > 0)
              ;({ held } = pages)
              if (pages.take.length > 0) take(pages.take)
            })
            tries = 0
            yield* options.initialBlockingSyncContext.update({ processed: batch.length, pageInfo })
          }),
        ),
        Effect.ensuring(setPaging({ _tag: 'NoMore' })),
      )
    })

    while (true) {
      const exit = yield* Effect.exit(pullOnce)
      if (Exit.isSuccess(exit) && !options.livePull) return
      if (Exit.isFailure(exit)) {
        if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
        const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
        if (error?._tag === 'BackendIdMismatchError') {
          return yield* handleForeignBackend(error, options.onBackendIdMismatch)
        }
        if (error?._tag !== 'IsOfflineError') {
          yield* Effect.logWarning(
            'LiveStore could not take the events of the sync backend. It tries again.',
            exit.cause,
          )
          if (options.onError === 'shutdown') yield* shutDown(shutdownChannel, exit.cause)
        }
      }
      yield* pauseAfter(tries++, BACKEND_PAUSE)
    }
  })

type PulledItem = Stream.Stream.Success<ReturnType<SyncBackend.SyncBackend['pull']>>['batch'][number]

const toEvent = ({ eventEncoded, metadata }: PulledItem): Event =>
  LiveStoreEvent.Client.EncodedWithMeta.fromGlobal(eventEncoded, {
    syncMetadata: metadata,
    // They are known once the event is applied.
    materializerHashLeader: Option.none(),
    materializerHashSession: Option.none(),
  })

/** Pushes what is pending to the backend, as long as the leader lives. One push is under way at a time. */
const pushToBackend = (options: OriginalOptions, log: Log, changed: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const { syncBackend, devtools, shutdownChannel } = yield* LeaderThreadCtx
    const latch = devtools.enabled ? devtools.syncBackendLatch : undefined
    const limit = options.params.backendPushBatchSize ?? BACKEND_PUSH_LIMIT
    let pusher = IDLE_BACKEND_PUSHER

    while (true) {
      const { backendHead } = log.state()
      const next = nextBackendAction(pusher, log.state(), limit)
      ;({ pusher } = next)
      if (next.action.type === 'wait') {
        const woken = next.action.unconfirmed
          ? yield* Effect.timeoutOption(changed, CONFIRMATION_TIMEOUT)
          : yield* Effect.asSome(changed)
        if (Option.isNone(woken) && log.state().backendHead === backendHead) {
          pusher = afterConfirmationTimeout(pusher, log.state())
        }
        continue
      }
      const { batch } = next.action
      if (latch) yield* latch.await
      const exit = yield* Effect.exit(syncBackend!.push(batch.map((event) => event.toGlobal())))
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
      if (Exit.isFailure(exit)) {
        if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
        if (error?._tag === 'BackendIdMismatchError') {
          return yield* handleForeignBackend(error, options.onBackendIdMismatch)
        }
        if (error === undefined && options.onError === 'shutdown') yield* shutDown(shutdownChannel, exit.cause)
        yield* Effect.logDebug('The sync backend did not take a push. It is sent again.', exit.cause)
      }
      const outcome: BackendPushOutcome = Exit.isSuccess(exit)
        ? 'taken'
        : error?._tag === 'ServerAheadError'
          ? 'server ahead'
          : 'failed'
      const after = afterBackendPush(pusher, outcome, batch)
      ;({ pusher } = after)
      if (after.next === 'catch up' && !hasCaughtUp(log.state(), batch)) {
        // What others wrote comes now.
        const caughtUp = Effect.repeat(changed, { until: () => hasCaughtUp(log.state(), batch) })
        yield* Effect.timeoutOption(caughtUp, CATCH_UP_TIMEOUT)
      }
      if (after.next === 'pause') {
        yield* pauseAfter(pusher.tries - 1, BACKEND_PAUSE).pipe(Effect.raceFirst(becomesConnected(syncBackend!)))
      }
    }
  })

const becomesConnected = ({ isConnected }: SyncBackend.SyncBackend) =>
  isConnected.changes.pipe(Stream.drop(1), Stream.filter(Boolean), Stream.runHead)

const shutDown = (channel: ShutdownChannel.ShutdownChannel, cause: Cause.Cause<unknown>) =>
  channel.send(UnknownError.make({ cause })).pipe(Effect.orDie, Effect.zipRight(Effect.never))

/** The sync backend is another one than before: what it has does not continue this log. */
const handleForeignBackend = (error: BackendIdMismatchError, action: OriginalOptions['onBackendIdMismatch']) =>
  Effect.gen(function* () {
    const { dbEventlog, dbState, shutdownChannel } = yield* LeaderThreadCtx
    if (action === 'ignore') return yield* Effect.never
    yield* Effect.logWarning('This sync backend is another one than before. The store shuts down.', error)
    if (action === 'shutdown') {
      yield* shutdownChannel.send(error).pipe(Effect.orDie)
      return yield* Effect.never
    }
    yield* Effect.sync(() => {
      dbEventlog.execute(`DELETE FROM ${SystemTables.EVENTLOG_META_TABLE}`)
      dbEventlog.execute(`DELETE FROM ${SystemTables.SYNC_STATUS_TABLE}`)
      for (const { name } of dbState.select<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
      )) {
        dbState.execute(`DROP TABLE IF EXISTS "${name}"`)
      }
    })
    yield* shutdownChannel.send(IntentionalShutdownCause.make({ reason: 'backend-id-mismatch' })).pipe(Effect.orDie)
    return yield* Effect.never
  })
