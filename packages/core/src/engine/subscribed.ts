import { Effect, type Scope } from 'effect'

/**
 * Listens until the scope closes.
 *
 * @param subscribe returns the unsubscribe functions
 */
export const subscribed = (
  subscribe: () => (() => void) | readonly (() => void)[],
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(subscribe), (unsubscribe) =>
    Effect.sync(() => {
      for (const end of typeof unsubscribe === 'function' ? [unsubscribe] : unsubscribe) end()
    }),
  )
