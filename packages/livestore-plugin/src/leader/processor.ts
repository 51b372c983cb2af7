/**
 * The leader's sync processor, in the place of LiveStore's `LeaderSyncProcessor`: tabs push to it and pull from it, and it
 * pushes to the sync backend and pulls from it. What it decides stands in `machine.ts`; the effects are here, in `log.ts`
 * and in the two loops to the backend.
 *
 * A step (decide, write both databases, send the news to the tabs) is synchronous: no fiber runs in between, and it cannot
 * be interrupted. An error and a lost response end in the same place: the leader sends what is pending again after a
 * pause. Events that the backend refuses for good are rolled back.
 */
import { isRejectedPushError, LeaderAheadError } from '@livestore/common'
import { LeaderThreadCtx, type LeaderSyncProcessor } from '@livestore/common/leader-thread'
import { LiveStoreEvent, resolveEventDef } from '@livestore/common/schema'
import { Cause, Deferred, Effect, Runtime, Stream } from 'effect'
import { commitIds, randomPart } from '../commit-id.ts'
import { clone, type Event, renumber, toBranded } from '../events.ts'
import { leadersOfThread } from '../marks.ts'
import { makeSignal } from '../signal.ts'
import { shutDown } from './backend-failure.ts'
import { configureDatabases, type Databases, openDatabases, StateBehindLog } from './databases.ts'
import { type LeaderLog, makeLeaderLog } from './log.ts'
import { decidePush, type LeaderState, numberAtHead } from './machine.ts'
import { newsOf } from './news.ts'
import type { LeaderProcessorOptions } from './options.ts'
import { pullFromBackend } from './pull-from-backend.ts'
import { pushToBackend } from './push-to-backend.ts'
import { rebuildStaleState } from './state-check.ts'

leadersOfThread()

/** How long after a confirmation it is written, when no other change has written it before. */
const CONFIRMATION_WRITE_DELAY = '1 second'

export const makeLeaderSyncProcessor = (options: LeaderProcessorOptions): Effect.Effect<LeaderSyncProcessor> =>
  Effect.gen(function* () {
    const { schema, testing } = options
    const log = yield* makeLeaderLog
    const booted = yield* Deferred.make<void>()
    /** closed while pages of the backend's events are coming: each page would move a push from in between behind it */
    const betweenPages = yield* Effect.makeLatch(true)

    const push: LeaderSyncProcessor['push'] = (pushed) =>
      Effect.gen(function* () {
        if (pushed.length === 0) return
        yield* booted
        if (testing?.delays?.localPushProcessing) yield* testing.delays.localPushProcessing
        yield* betweenPages.await
        yield* Effect.suspend(() => {
          const decision = decidePush(log.state(), pushed.map(clone), log.isLogged, renumber)
          if (decision.outcome === 'rejected') return Effect.fail(leaderAhead(log.state(), pushed))
          if (decision.outcome === 'accepted') log.commit(decision, newsOf(decision))
          return Effect.void
        })
      })

    const idOfDevtools = commitIds('devtools', randomPart)
    const pushPartial: LeaderSyncProcessor['pushPartial'] = ({ event: { name, args }, clientId, sessionId }) =>
      Effect.gen(function* () {
        const { head } = log.state()
        const resolution = yield* resolveEventDef(schema, {
          operation: '@livestore/common:LeaderSyncProcessor:pushPartial',
          event: { name, args, clientId, sessionId, seqNum: toBranded(head) },
        })
        if (resolution._tag === 'unknown') return
        const numbers = numberAtHead(log.state(), resolution.eventDef.options.clientOnly)
        const event = { name, args, clientId, sessionId: idOfDevtools(), ...(numbers as never as object) }
        yield* push([new LiveStoreEvent.Client.EncodedWithMeta(event as never)])
      }).pipe(Effect.catchIf(isRejectedPushError, Effect.die))

    const pullQueue: LeaderSyncProcessor['pullQueue'] = ({ cursor }) => Effect.zipRight(booted, log.subscribe(cursor))

    const boot: LeaderSyncProcessor['boot'] = Effect.gen(function* () {
      const { syncBackend, dbState, dbEventlog, materializeEvent } = yield* LeaderThreadCtx
      configureDatabases({ dbEventlog, dbState })
      yield* rebuildStaleState.pipe(Effect.orDie)
      const runtime = yield* Effect.runtime<LeaderThreadCtx>()
      const runSync = Runtime.runSync(runtime)
      const end = (error: StateBehindLog) => void Runtime.runFork(runtime)(shutDown(Cause.die(error)))
      log.open(endingBehind(openDatabases({ dbState, dbEventlog, materializeEvent, runSync }), end))
      yield* Effect.addFinalizer(() => Effect.sync(() => log.writeBackendHead()).pipe(Effect.ignoreLogged))
      yield* Deferred.succeed(booted, undefined)
      if (syncBackend !== undefined) yield* syncWithBackend(options, log, betweenPages)
      return { initialLeaderHead: toBranded(log.state().head) }
    })

    return {
      boot,
      push,
      pushPartial,
      pullQueue,
      pull: ({ cursor }) => Stream.unwrapScoped(Effect.map(pullQueue({ cursor }), (queue) => Stream.fromQueue(queue))),
      syncState: log.syncState,
    } satisfies LeaderSyncProcessor
  })

/** A leader whose state lacks what its log has would number the next events twice. */
const endingBehind = (databases: Databases, end: (error: StateBehindLog) => void): Databases => ({
  ...databases,
  write(change) {
    try {
      databases.write(change)
    } catch (error) {
      if (error instanceof StateBehindLog) end(error)
      throw error
    }
  },
})

const leaderAhead = ({ head }: LeaderState<Event>, pushed: readonly Event[]): LeaderAheadError =>
  LeaderAheadError.make({
    minimumExpectedNum: toBranded(head),
    providedNum: pushed[0]!.seqNum,
    sessionId: pushed[0]!.sessionId,
  })

/** Starts the loops to the backend, and lets a provider restart them. */
const syncWithBackend = (options: LeaderProcessorOptions, log: LeaderLog, betweenPages: Effect.Latch) =>
  Effect.gen(function* () {
    const { storeId } = yield* LeaderThreadCtx
    const restartSignal = yield* makeSignal
    const leaders = leadersOfThread()
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
    const loops = [pullFromBackend(options, log, betweenPages), pushToBackend(options, log), writeConfirmations(log)]
    yield* Effect.all(loops, { concurrency: 'unbounded', discard: true }).pipe(
      Effect.raceFirst(restartSignal.wait),
      Effect.forever,
      Effect.interruptible,
      Effect.forkScoped,
    )
  })

const writeConfirmations = (log: LeaderLog) =>
  log.committed.pipe(
    Effect.zipRight(Effect.sleep(CONFIRMATION_WRITE_DELAY)),
    Effect.zipRight(Effect.sync(log.writeBackendHead)),
    Effect.catchAllCause((cause) => Effect.logWarning('LiveStore could not write where its backend stands.', cause)),
    Effect.forever,
  )
