/** The loop that pushes pending events to the sync backend, one push at a time. `backend-pusher.ts` decides. */
import type { SyncBackend } from '@livestore/common'
import { LeaderThreadCtx } from '@livestore/common/leader-thread'
import { Effect, Exit, Option, Stream } from 'effect'
import { renumber } from '../events.ts'
import { pauseAfter } from '../pause.ts'
import { BACKEND_PAUSE, backendError, shutDown } from './backend-failure.ts'
import {
  afterBackendPush,
  afterConfirmationTimeout,
  type BackendPushOutcome,
  hasCaughtUp,
  IDLE_BACKEND_PUSHER,
  nextBackendAction,
} from './backend-pusher.ts'
import type { LeaderLog } from './log.ts'
import { decideRefusal } from './machine.ts'
import { newsOf } from './news.ts'
import type { LeaderProcessorOptions } from './options.ts'
import { type RefusedEvent, refusedEvents, toNumbered } from './refused-events.ts'

/** Events that the backend took and that do not come back in this time are pushed again: the backend recognizes them. */
const CONFIRMATION_TIMEOUT = '10 seconds'
/** After a push that lost to another device, the pull brings that device's events. */
const CATCH_UP_TIMEOUT = '5 seconds'
/** Events in one push. The provider splits it into what its backend takes in one request. */
const BACKEND_PUSH_LIMIT = 500

export const pushToBackend = (options: LeaderProcessorOptions, log: LeaderLog) =>
  Effect.gen(function* () {
    const { syncBackend, devtools } = yield* LeaderThreadCtx
    const latch = devtools.enabled ? devtools.syncBackendLatch : undefined
    const limit = options.params.backendPushBatchSize ?? BACKEND_PUSH_LIMIT
    let pusher = IDLE_BACKEND_PUSHER

    while (true) {
      const { backendHead } = log.state()
      const next = nextBackendAction(pusher, log.state(), limit)
      ;({ pusher } = next)
      if (next.action.type === 'wait') {
        const woken = next.action.unconfirmed
          ? yield* Effect.timeoutOption(log.changed, CONFIRMATION_TIMEOUT)
          : yield* Effect.asSome(log.changed)
        if (Option.isNone(woken) && log.state().backendHead === backendHead) {
          pusher = afterConfirmationTimeout(pusher, log.state())
        }
        continue
      }
      const { batch } = next.action
      if (latch) yield* latch.await
      const exit = yield* Effect.exit(syncBackend!.push(batch.map((event) => event.toGlobal())))
      let outcome: BackendPushOutcome = 'taken'
      if (Exit.isFailure(exit)) {
        const error = yield* backendError(exit.cause, options.onBackendIdMismatch)
        if (error === undefined && options.onError === 'shutdown') yield* shutDown(exit.cause)
        yield* Effect.logDebug('The sync backend did not take a push. It is sent again.', exit.cause)
        if (error?._tag === 'ServerAheadError') outcome = 'server ahead'
        else outcome = drop(log, refusedEvents(error)) ? 'refused' : 'failed'
      }
      const after = afterBackendPush(pusher, outcome, batch)
      ;({ pusher } = after)
      if (after.next === 'catch up' && !hasCaughtUp(log.state(), batch)) {
        const caughtUp = Effect.repeat(log.changed, { until: () => hasCaughtUp(log.state(), batch) })
        yield* Effect.timeoutOption(caughtUp, CATCH_UP_TIMEOUT)
      }
      if (after.next === 'pause') {
        yield* pauseAfter(pusher.tries - 1, BACKEND_PAUSE).pipe(Effect.raceFirst(becomesConnected(syncBackend!)))
      }
    }
  })

/** @returns whether the log had any of them */
const drop = (log: LeaderLog, refused: readonly RefusedEvent[]): boolean => {
  const decision = decideRefusal(log.state(), refused.map(toNumbered), log.eventsAfter, renumber)
  if (decision.outcome === 'unknown') return false
  log.commit(decision, newsOf(decision))
  return true
}

const becomesConnected = ({ isConnected }: SyncBackend.SyncBackend) =>
  isConnected.changes.pipe(Stream.drop(1), Stream.filter(Boolean), Stream.runHead)
