import { Effect, Queue } from 'effect'
import { Platform } from './services.ts'
import { subscribed } from './subscribed.ts'

/**
 * Waits until the page is not frozen. Reads after another tab's write wait for this: an open index transaction of a frozen
 * page blocks the writes of every other tab, for 20 s and more in Chromium 156.
 */
export const untilRunning: Effect.Effect<void, never, Platform> = Effect.scoped(
  Effect.gen(function* () {
    const { page } = yield* Platform
    if (!page.isFrozen()) return
    const changed = yield* Queue.sliding<void>(1)
    yield* subscribed(() => page.subscribe(() => void changed.unsafeOffer(undefined)))
    while (page.isFrozen()) yield* Queue.take(changed)
  }),
)
