/** What a tab knows of the device when another one ended before it could notify it. */
import { eventually } from '../testing/test-effects.ts'
import { Effect, Exit, Scope, TestContext } from 'effect'
import { expect, test } from 'vitest'
import { memoryDevice, memoryWorld } from '../testing/memory-device.ts'

test('a tab that becomes the leader uploads files of a leader that ended before it could notify it', () =>
  Effect.runPromise(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const leader = yield* Scope.make()
      const first = yield* device.open().pipe(Scope.extend(leader))
      yield* Effect.promise(() => first.transfers.pause())
      // No write of the other tab is heard here.
      const second = yield* device.open({ index: { ...device.index(), subscribe: () => () => {} } })
      const file = yield* Effect.promise(() => first.add(new Blob(['a reef']), { name: 'reef.txt' }))
      yield* Scope.close(leader, Exit.void)

      yield* eventually(() => expect(second.transfers.status(file).onDevice).toBe(true))
      yield* Effect.promise(() => second.transfers.resume())
      yield* eventually(() => expect(world.storage.objects.has(file.remoteKey)).toBe(true))
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext)),
  ))
