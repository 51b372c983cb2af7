import { Clock, Duration, Effect } from 'effect'
import type { PlatformClock } from './platform.ts'

/** The platform's clock as Effect's own, so that sleeps and timeouts of the engine run on it. */
export const effectClock = (clock: PlatformClock): Clock.Clock => {
  const nanos = (ms: number): bigint => BigInt(Math.round(ms * 1_000_000))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: clock.now,
    unsafeCurrentTimeNanos: () => nanos(clock.monotonic()),
    currentTimeMillis: Effect.sync(clock.now),
    currentTimeNanos: Effect.sync(() => nanos(clock.monotonic())),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const cancel = clock.setTimer(() => resume(Effect.void), Duration.toMillis(duration))
        return Effect.sync(cancel)
      }),
  }
}
