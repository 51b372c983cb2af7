import { Effect, type Scope } from 'effect'
import { type Listeners, makeListeners } from '../listeners.ts'
import { Platform } from './services.ts'
import { subscribed } from './subscribed.ts'

/**
 * Throttles notifications: the first change notifies immediately, later ones once at the end of `intervalMs`.
 *
 * @param subscribe to the changes, until the scope closes
 */
export const coalesced = (
  subscribe: (changed: () => void) => readonly (() => void)[],
  intervalMs: number,
): Effect.Effect<Pick<Listeners<void>, 'add'>, never, Platform | Scope.Scope> =>
  Effect.gen(function* () {
    const { clock } = yield* Platform
    const listeners = makeListeners<void>()
    let cancelTimer: (() => void) | undefined
    let isWaiting = false
    const emit = () => {
      isWaiting = false
      cancelTimer = clock.setTimer(() => {
        cancelTimer = undefined
        if (isWaiting) emit()
      }, intervalMs)
      listeners.emit()
    }
    const changed = () => {
      if (cancelTimer) isWaiting = true
      else emit()
    }
    yield* subscribed(() => [...subscribe(changed), () => cancelTimer?.()])
    return { add: listeners.add }
  })
