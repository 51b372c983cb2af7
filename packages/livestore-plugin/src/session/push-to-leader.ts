/** The loop that pushes pending events to the leader, one push at a time. `pusher.ts` decides. */
import { type ClientSession, isRejectedPushError } from '@livestore/common'
import { Cause, Effect, Exit, Option } from 'effect'
import type { Event } from '../events.ts'
import { pauseAfter } from '../pause.ts'
import type { Signal } from '../signal.ts'
import type { RunSync, SessionLog } from './log.ts'
import { afterOutcome, afterPause, IDLE_PUSHER, nextAction, type Pusher, type PushOutcome } from './pusher.ts'

/** A leader that closes may leave a push without a response. It is sent again: the leader knows what it has. */
const RESPONSE_TIMEOUT = '10 seconds'
/** The leader sends what it took at once. */
const NEWS_TIMEOUT = '10 seconds'
const PUSH_PAUSE = { base: 50, max: 5_000 }

export interface PushToLeaderOptions {
  readonly clientSession: ClientSession
  /** events in one push */
  readonly limit: number
  readonly log: SessionLog
  /** makes the tab pull again from where it stands */
  readonly pullAgain: Signal
  readonly runSync: RunSync
}

export const pushToLeader = (options: PushToLeaderOptions) =>
  Effect.gen(function* () {
    const { log, limit, pullAgain } = options
    const { leaderThread } = options.clientSession
    let pusher: Pusher<Event> = IDLE_PUSHER
    const newsCount = () => log.counts.advanceCount + log.counts.rebaseCount

    while (true) {
      const action = nextAction(pusher, { session: log.state(), resetWanted: log.resetWanted(), limit })
      if (action.type === 'start over') {
        yield* startOver(options)
        continue
      }
      if (action.type === 'wait') {
        const news = newsCount()
        const isUnseen = log.state().sent > 0
        const woken = yield* isUnseen ? Effect.timeoutOption(log.changed, NEWS_TIMEOUT) : Effect.asSome(log.changed)
        if (Option.isNone(woken) && newsCount() === news) log.pushAgain()
        continue
      }
      const { batch } = action
      const exit = yield* Effect.exit(
        Effect.timeoutTo(leaderThread.events.push(batch), {
          duration: RESPONSE_TIMEOUT,
          onSuccess: () => 'taken' as const,
          onTimeout: () => 'unanswered' as const,
        }),
      )
      if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
      const outcome = outcomeOf(exit)
      if (outcome === 'taken') log.pushed(batch)
      if (outcome === 'rejected') log.counts.rejectCount++
      if (outcome === 'unanswered') {
        yield* Effect.logDebug('The LiveStore leader did not respond to a push. It is sent again.', exit)
      }
      const after = afterOutcome(pusher, outcome, batch, newsCount())
      pusher = after.pusher
      if (!after.pause) continue
      // A leader of an older version that rejects a push sends the events that came first.
      yield* pauseAfter(pusher.tries - 1, PUSH_PAUSE).pipe(Effect.raceFirst(log.changed))
      const paused = afterPause(pusher, newsCount())
      pusher = paused.pusher
      if (paused.pullAgain) pullAgain.wake()
    }
  })

const outcomeOf = (exit: Exit.Exit<'taken' | 'unanswered', unknown>): PushOutcome => {
  if (Exit.isSuccess(exit)) return exit.value
  return Option.exists(Cause.failureOption(exit.cause), isRejectedPushError) ? 'rejected' : 'unanswered'
}

const startOver = ({ clientSession, log, pullAgain, runSync }: PushToLeaderOptions) =>
  Effect.gen(function* () {
    const snapshot = yield* Effect.exit(clientSession.leaderThread.export)
    if (Exit.isFailure(snapshot)) {
      if (Cause.isInterruptedOnly(snapshot.cause)) return yield* Effect.interrupt
      return yield* pauseAfter(1, PUSH_PAUSE)
    }
    yield* Effect.sync(() => {
      log.startOver(snapshot.value, runSync)
      pullAgain.wake()
    })
  })
