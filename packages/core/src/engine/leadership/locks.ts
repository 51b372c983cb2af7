/** Web Locks as scoped resources: held by this browser's tabs together, let go by the browser when a tab dies. */
import { type RockpoolError } from '@rockpool/protocol'
import { Effect, type Scope } from 'effect'
import { callPort, Platform, Settings } from '../services.ts'

export interface HeldLock {
  /** Releases the lock before its scope closes, in the current task: a page that is about to freeze gets no other one. */
  readonly release: () => void
  /** Ends when another tab has stolen the lock. The holder may still run: fence its writes by other means, too. */
  readonly stolen: Effect.Effect<void>
}

/** Waits for the lock `rockpool:<scope>:<name>` and holds it until the scope closes. */
export const hold = (
  name: string,
  mode: LockMode,
): Effect.Effect<HeldLock, RockpoolError, Scope.Scope | Platform | Settings> =>
  Effect.map(
    request(name, (signal) => ({ mode, signal })),
    ({ lock }) => lock,
  )

/** As {@link hold}, exclusively, but only if the lock is free now. @returns whether it is held */
export const holdIfFree = (name: string): Effect.Effect<boolean, RockpoolError, Scope.Scope | Platform | Settings> =>
  Effect.map(
    request(name, () => ({ ifAvailable: true })),
    ({ isHeld }) => isHeld,
  )

/** Takes the lock from its holder, whose {@link HeldLock.stolen} then ends. */
export const steal = (name: string): Effect.Effect<HeldLock, RockpoolError, Scope.Scope | Platform | Settings> =>
  Effect.map(
    // The Web Locks API does not allow a signal together with `steal`.
    request(name, () => ({ steal: true })),
    ({ lock }) => lock,
  )

const request = (name: string, options: (signal: AbortSignal) => LockOptions) =>
  Effect.gen(function* () {
    const { locks } = yield* Platform
    const { scope } = yield* Settings
    const released = Promise.withResolvers<void>()
    const stolen = Promise.withResolvers<void>()
    let ended: Promise<unknown> = Promise.resolve()
    // Waits for the browser to release the lock: a later request with `ifAvailable` must succeed.
    yield* Effect.addFinalizer(() =>
      Effect.promise(() => {
        released.resolve()
        return ended
      }),
    )
    const isHeld = yield* callPort(
      (signal) =>
        new Promise<boolean>((answered, refused) => {
          ended = locks
            .request(`rockpool:${scope}:${name}`, options(signal), (lock) => {
              answered(lock !== null)
              return lock ? released.promise : undefined
            })
            .catch((error: unknown) => {
              refused(error)
              // Once granted, a request fails for this reason only (https://w3c.github.io/web-locks/#algorithm-request-lock).
              stolen.resolve()
            })
        }),
    )
    const lock: HeldLock = { release: () => released.resolve(), stolen: Effect.promise(() => stolen.promise) }
    return { isHeld, lock }
  })

/** Runs an effect while the lock is held. */
export const underLock =
  (name: string, mode: LockMode) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | RockpoolError, R | Platform | Settings> =>
    Effect.scoped(hold(name, mode).pipe(Effect.andThen(effect))) as Effect.Effect<
      A,
      E | RockpoolError,
      R | Platform | Settings
    >
