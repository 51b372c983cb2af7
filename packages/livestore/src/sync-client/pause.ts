/** Pauses between attempts: full jitter, cut short when a person or the network suggests that the next one may succeed. */
import { Duration, Effect, Random } from 'effect'
import { BACKOFF_CAP_MS, backoffMs } from './backoff.ts'
import { type Signal } from './signal.ts'

export interface Pauses {
  /** After a failure. Each is longer than the one before, until `reset`. */
  readonly next: Effect.Effect<void>
  /** The longest pause, for failures that a retry is unlikely to fix. */
  readonly longest: Effect.Effect<void>
  readonly reset: () => void
}

export const makePauses = (wakeUp: Signal): Pauses => {
  let failures = 0
  const reset = () => {
    failures = 0
  }
  const pause = (ms: number) =>
    Effect.raceFirst(
      Effect.sleep(Duration.millis(ms)),
      Effect.tap(wakeUp.wait, () => Effect.sync(reset)),
    )
  return {
    next: Effect.flatMap(Random.next, (random) => pause(backoffMs(failures++, random))),
    longest: pause(BACKOFF_CAP_MS),
    reset,
  }
}
