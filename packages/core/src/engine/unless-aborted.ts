import { aborted, type RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'

/** Runs the effect until `signal` aborts: then it is interrupted, and fails with `aborted`. An aborted signal starts nothing. */
export const unlessAborted =
  (signal: AbortSignal | undefined) =>
  <A, R>(effect: Effect.Effect<A, RockpoolError, R>): Effect.Effect<A, RockpoolError, R> =>
    signal
      ? Effect.suspend(() =>
          signal.aborted ? Effect.fail(aborted(signal)) : Effect.raceFirst(effect, abortOf(signal)),
        )
      : effect

const abortOf = (signal: AbortSignal): Effect.Effect<never, RockpoolError> =>
  Effect.async((resume) => {
    const abort = () => resume(Effect.fail(aborted(signal)))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    return Effect.sync(() => signal.removeEventListener('abort', abort))
  })
