import { Effect, Queue } from 'effect'
import { Platform } from './services.ts'
import { subscribed } from './subscribed.ts'

/**
 * Ends when the page is not frozen. What a tab reads because another tab has written waits for it: a transaction of the index
 * that is open when a page freezes keeps every other tab from writing, for 20 s and more in Chromium 156.
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
