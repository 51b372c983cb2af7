/**
 * One tab of a store runs its transfers: the one that holds the Web Lock. When it is closed or killed the browser gives
 * the lock to the next one. Correctness never rests on it: index writes are fenced by the epoch, uploads are idempotent.
 */
import type { RockpoolError } from '@rockpool/protocol'
import { Effect, Queue, Schedule } from 'effect'
import type { PlatformPage } from '../platform/platform.ts'
import { change } from '../ports/index-port.ts'
import { Device } from './device.ts'
import { mirrorFiles } from './log/follow-log.ts'
import { hold } from './locks.ts'
import { markRefused } from './log/mark-refused.ts'
import { clearConfirmed, replay } from './log/outbox.ts'
import { runTransfers } from './transfers/queue.ts'
import { asRockpoolError, Platform } from './services.ts'

/** Leads whenever it can. Never ends. */
export const lead = Effect.gen(function* () {
  const { page } = yield* Platform
  const term = Effect.scoped(
    Effect.gen(function* () {
      yield* hold('leader', 'exclusive')
      const epoch = yield* nextEpoch
      yield* Effect.all(
        // Refusals first: what `replay` appends may be refused at once.
        [markRefused(epoch), replay, runTransfers(epoch), clearConfirmed(epoch), mirrorFiles(epoch)],
        { concurrency: 'unbounded', discard: true },
      )
    }),
  )
  const terms = term.pipe(
    // A defect must not leave the store without a leader.
    Effect.catchAllDefect((defect) => Effect.fail(asRockpoolError(defect))),
    Effect.tapError((error) => Effect.logWarning(`Leading the transfers ended: ${error.message}`)),
    // A disk that fails for a moment, or a leader that was superseded: waits, then stands again.
    Effect.retry(Schedule.exponential('1 second').pipe(Schedule.union(Schedule.spaced('1 minute')))),
  )
  while (true) {
    yield* until(page, () => !page.isFrozen())
    // A frozen page would keep the lock without working.
    yield* Effect.raceFirst(
      terms,
      until(page, () => page.isFrozen()),
    )
  }
})

/** A higher epoch than any leader before: from now on their writes are refused. */
const nextEpoch: Effect.Effect<number, RockpoolError, Device> = Effect.gen(function* () {
  const device = yield* Device
  let epoch = 0
  yield* device.write([
    change('engine', 'engine', (row) => {
      epoch = (row?.epoch ?? 0) + 1
      return { id: 'engine', changeCursor: null, confirmationCursor: null, ...row, epoch }
    }),
  ])
  return epoch
})

const until = (page: PlatformPage, holds: () => boolean): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const changed = yield* Queue.sliding<void>(1)
      yield* Effect.acquireRelease(
        Effect.sync(() => page.subscribe(() => void changed.unsafeOffer(undefined))),
        (unsubscribe) => Effect.sync(unsubscribe),
      )
      while (!holds()) yield* Queue.take(changed)
    }),
  )
