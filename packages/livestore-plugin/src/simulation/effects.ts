/** Runs the provider's Effects on virtual time: its fibers take steps of the process, its clock is the world's. */
import { Cause, Clock, Duration, Effect, Exit, Random, Scheduler } from 'effect'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** A fiber continues this much later, ms: other steps may come between. */
const CONTINUATION_MS = 0.05

export interface Effects {
  /** @returns interrupts it */
  readonly run: <A, E>(effect: Effect.Effect<A, E>, done?: (exit: Exit.Exit<A, E>) => void) => () => void
}

export const makeEffects = (world: World, process: Process): Effects => {
  const scheduler: Scheduler.Scheduler = {
    shouldYield: () => false,
    scheduleTask: (task) =>
      void process.after(world.random.next() * CONTINUATION_MS, 'provider', () => {
        task()
      }),
  }
  const nanos = () => BigInt(Math.round(world.now() * 1e6))
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => world.now(),
    unsafeCurrentTimeNanos: nanos,
    currentTimeMillis: Effect.sync(() => world.now()),
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) =>
      Effect.async<void>((resume) => {
        const cancel = process.after(Duration.toMillis(duration), 'provider timer', () => resume(Effect.void))
        return Effect.sync(cancel)
      }),
  }
  const next = Effect.sync(world.random.next)
  const random: Random.Random = {
    ...Random.make(0),
    [Random.RandomTypeId]: Random.RandomTypeId,
    next,
  } as Random.Random

  return {
    run: (effect, done) => {
      const fiber = Effect.runFork(effect.pipe(Effect.withClock(clock), Effect.withRandom(random)), { scheduler })
      if (done !== undefined) {
        fiber.addObserver((exit) => {
          if (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)) return
          done(exit)
        })
      }
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    },
  }
}

