/** The loop that takes the leader's news into the tab. */
import type { ClientSession } from '@livestore/common'
import { Cause, Effect, Exit, Option, Stream } from 'effect'
import { type Event, toBranded } from '../events.ts'
import { pauseAfter } from '../pause.ts'
import type { Signal } from '../signal.ts'
import type { RunSync, SessionLog } from './log.ts'
import type { LeaderNews } from './machine.ts'

const PULL_PAUSE = { base: 20, max: 2_000 }

/** @param pullAgain ends the present stream */
export const pullFromLeader = (clientSession: ClientSession, log: SessionLog, pullAgain: Signal, runSync: RunSync) =>
  Effect.gen(function* () {
    const { leaderThread, devtools } = clientSession
    let tries = 0
    const pullOnce = Stream.suspend(() => {
      log.pushAgain()
      return leaderThread.events.pull({ cursor: toBranded(log.state().leaderHead) })
    }).pipe(
      Stream.mapEffect(({ payload }) =>
        Effect.gen(function* () {
          if (devtools.enabled) yield* devtools.pullLatch.await
          tries = 0
          return yield* Effect.try({
            try: () => log.take(payload as LeaderNews<Event>, runSync),
            catch: (error) => error,
          })
        }),
      ),
      Stream.takeWhile((isTaken) => isTaken),
      Stream.runDrain,
      Effect.raceFirst(pullAgain.wait),
    )
    while (true) {
      const exit = yield* Effect.exit(pullOnce)
      if (Exit.isFailure(exit)) {
        if (Cause.isInterruptedOnly(exit.cause)) return yield* Effect.interrupt
        // A tab whose database does not take an event no longer shows the log.
        if (Option.isSome(Cause.failureOption(exit.cause))) {
          return yield* clientSession.shutdown(Exit.die(Cause.squash(exit.cause)) as never)
        }
        yield* Effect.logDebug('The stream of the LiveStore leader broke. It is pulled again.', exit.cause)
      }
      // A leader that does not know where the tab stands has no news for it.
      if (log.resetWanted()) yield* pullAgain.wait
      else yield* pauseAfter(tries++, PULL_PAUSE)
    }
  })
