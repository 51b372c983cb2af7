import { RockpoolError } from '@rockpool/protocol'
import { Effect, Fiber, TestClock, TestContext } from 'effect'
import { expect, test } from 'vitest'
import { restarted } from './restarted.ts'

const failing = (code: 'disk_failed' | 'superseded' | 'closed') => {
  let runs = 0
  const task = Effect.suspend(() => {
    runs++
    return Effect.fail(new RockpoolError(code, 'It failed.'))
  })
  return { task, runs: () => runs }
}
const run = <A>(program: Effect.Effect<A>): Promise<A> =>
  Effect.runPromise(program.pipe(Effect.provide(TestContext.TestContext)))

test('a task that fails runs again after a while', () =>
  run(
    Effect.gen(function* () {
      const { task, runs } = failing('disk_failed')
      const fiber = yield* Effect.fork(restarted('The task', task))
      yield* TestClock.adjust('9 seconds')
      expect(runs()).toBe(1)
      yield* TestClock.adjust('1 second')
      expect(runs()).toBe(2)
      yield* Fiber.interrupt(fiber)
    }),
  ))

test.for(['superseded', 'closed'] as const)('%s ends it: another tab leads, or this one closes', (code) =>
  run(
    Effect.gen(function* () {
      const { task, runs } = failing(code)
      expect(yield* Effect.flip(restarted('The task', task))).toMatchObject({ code })
      expect(runs()).toBe(1)
    }),
  ),
)
