/** Runs the provider's Effects on virtual time: its fibers take steps of the process, its clock is the world's. */
import { Cause, Clock, Duration, Effect, Exit, type Fiber, Random, type Scheduler } from 'effect'
import type { Process } from './process.ts'
import type { World } from './world.ts'

/** A fiber continues this much later, ms: other steps may come between. */
const CONTINUATION_MS = 0.05

export interface Effects {
  /** @returns interrupts it */
  readonly run: <A, E>(effect: Effect.Effect<A, E>, done?: (exit: Exit.Exit<A, E>) => void) => () => void
}

export const makeEffects = (world: World, process: Process): Effects => {
  const fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  /** Effect relies on tasks that run in the order in which they were scheduled. */
  const tasks: (() => void)[] = []
  const runTask = () => tasks.shift()?.()
  let isOver = false

  const scheduler: Scheduler.Scheduler = {
    shouldYield: () => false,
    scheduleTask: (task) => {
      tasks.push(task)
      if (!isOver) process.after(world.random.next() * CONTINUATION_MS, 'provider', runTask)
    },
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
  const random = { ...Random.make(0), next: Effect.sync(world.random.next) } as Random.Random

  // Effect keeps fibers that wait for ever: thousands of simulations would fill the memory.
  world.onEnd(() => {
    isOver = true
    for (const fiber of fibers) fiber.unsafeInterruptAsFork(fiber.id())
    while (tasks.length > 0) runTask()
  })

  return {
    run: (effect, done) => {
      const fiber = Effect.runFork(effect.pipe(Effect.withClock(clock), Effect.withRandom(random)), { scheduler })
      fibers.add(fiber)
      fiber.addObserver((exit) => {
        fibers.delete(fiber)
        const isInterrupted = Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause)
        if (!isOver && !isInterrupted) done?.(exit)
      })
      return () => fiber.unsafeInterruptAsFork(fiber.id())
    },
  }
}
