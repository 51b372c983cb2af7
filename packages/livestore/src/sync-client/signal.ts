/** Wakes every fiber that is waiting. Not buffered: a fiber that waits later is not woken. */
import { Effect } from 'effect'

export interface Signal {
  readonly notify: () => void
  readonly wait: Effect.Effect<void>
}

export const makeSignal = (): Signal => {
  const waiters = new Set<() => void>()
  return {
    notify: () => {
      for (const wake of [...waiters]) wake()
    },
    wait: Effect.async<void>((resume) => {
      const wake = () => {
        waiters.delete(wake)
        resume(Effect.void)
      }
      waiters.add(wake)
      return Effect.sync(() => waiters.delete(wake))
    }),
  }
}

/** Waits until `condition` holds. Checks it again at each `signal`. */
export const waitUntil = (signal: Signal, condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.flatMap(signal.wait, () => waitUntil(signal, condition))))
