import { aborted, type RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'

/** Runs the effect until `signal` aborts. @returns fails with `aborted`, and the effect is interrupted */
export const unlessAborted =
  (signal: AbortSignal | undefined) =>
  <A, R>(effect: Effect.Effect<A, RockpoolError, R>): Effect.Effect<A, RockpoolError, R> =>
    signal ? Effect.raceFirst(effect, abortOf(signal)) : effect

const abortOf = (signal: AbortSignal): Effect.Effect<never, RockpoolError> =>
  Effect.async((resume) => {
    const abort = () => resume(Effect.fail(aborted(signal)))
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    return Effect.sync(() => signal.removeEventListener('abort', abort))
  })
