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

/** Calls `holds` again until it does not throw. Gives up before the test does, so that its error is shown. */
export const eventually = (holds: () => unknown) => promise(() => vi.waitFor(holds, { interval: 1, timeout: 50_000 }))

/** Moves the clock by a day, to the time of the next pass. */
export const nextDay = TestClock.adjust('1 day').pipe(Effect.andThen(turns(50)))

/** Turns of the event loop in which what does not wait for the clock comes to rest; a blob that is read needs several. */
const TURNS_TO_REST = 10

/** Moves the clock minute by minute; what each wakes comes to rest before the next. */
export const minutes = (count: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < count; i++) {
      yield* TestClock.adjust('1 minute')
      yield* turns(TURNS_TO_REST)
    }
  })

/** Waits for the end of a full pass, which an add under way delays by a minute. */
export const passFinished = (index: LocalIndex) =>
  minutes(2).pipe(
    Effect.andThen(
      eventually(async () => {
        expect((await index.get('engine', 'engine'))?.reconcile).toMatchObject({ phase: null, cursor: null })
      }),
    ),
  )
