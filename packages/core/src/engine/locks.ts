/** Web Locks as scoped resources: held by this browser's tabs together, let go by the browser when a tab dies. */
import { type RockpoolError } from '@rockpool/protocol'
import { Effect, type Scope } from 'effect'
import { call, Platform, Settings } from './services.ts'

/** Waits for the lock `rockpool:<scope>:<name>` and holds it until the scope closes. */
export const hold = (
  name: string,
  mode: LockMode,
): Effect.Effect<void, RockpoolError, Scope.Scope | Platform | Settings> =>
  Effect.asVoid(request(name, (signal) => ({ mode, signal })))

/** As {@link hold}, exclusively, if nobody holds the lock now. @returns whether it is held */
export const holdIfFree = (name: string): Effect.Effect<boolean, RockpoolError, Scope.Scope | Platform | Settings> =>
  request(name, () => ({ ifAvailable: true }))

const request = (name: string, options: (signal: AbortSignal) => LockOptions) =>
  Effect.gen(function* () {
    const { locks } = yield* Platform
    const { scope } = yield* Settings
    const released = Promise.withResolvers<void>()
    let ended: Promise<unknown> = Promise.resolve()
    // Ends when the browser has really let go: whoever asks next, with `ifAvailable`, must find it free.
    yield* Effect.addFinalizer(() =>
      Effect.promise(() => {
        released.resolve()
        return ended
      }),
    )
    return yield* call(
      (signal) =>
        new Promise<boolean>((answered, refused) => {
          ended = locks
            .request(`rockpool:${scope}:${name}`, options(signal), (lock) => {
              answered(lock !== null)
              return lock ? released.promise : undefined
            })
            .catch(refused)
        }),
    )
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
