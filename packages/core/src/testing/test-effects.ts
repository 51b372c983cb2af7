/** Effects for tests: promises, runs with the real clock or a test clock, waits. */
import { Effect, Scope, TestClock, TestContext } from 'effect'
import { expect, vi } from 'vitest'
import type { LocalIndex } from '../ports/local-index.ts'

/** Runs with the real clock. */
export const run = <A, E>(program: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(program))

/** Runs with a clock that stands still until the test moves it. */
export const runWithTestClock = <A, E>(program: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestContext.TestContext)))

export const promise = <A>(work: () => Promise<A>) => Effect.promise(work)

/** Lets the event loop turn `count` times. */
export const turns = (count: number) =>
  promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise<void>((turned) => setImmediate(turned))
  })

/** Retries `holds` until it does not throw. */
export const eventually = (holds: () => unknown) => promise(() => vi.waitFor(holds, { interval: 1, timeout: 10_000 }))

/** Moves the clock by a day, to the time of the next pass. */
export const nextDay = TestClock.adjust('1 day').pipe(Effect.andThen(turns(50)))

/** Moves the clock minute by minute. */
export const minutes = (count: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < count; i++) {
      yield* TestClock.adjust('1 minute')
      yield* turns(1)
    }
  })

/** Waits for the end of a full pass, which an add under way delays by a minute. */
export const passFinished = (index: LocalIndex) =>
  minutes(2).pipe(
    Effect.andThen(
      promise(() =>
        vi.waitFor(async () => {
          expect((await index.get('engine', 'engine'))?.reconcile).toMatchObject({ phase: null, cursor: null })
        }, 10_000),
      ),
    ),
  )
