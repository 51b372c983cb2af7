import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryPage, memoryRecordLog } from '../memory/index.ts'
import { testPlatform } from '../testing/test-platform.ts'
import { instrument } from '../testing/instrumented-device.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../testing/memory-device.ts'
import { run } from '../testing/test-effects.ts'

test('a page that is frozen begins no transaction for what other tabs write, and catches up when it runs again', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const writing = yield* device.open()
      const page = memoryPage()
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const ports = instrument({ index: device.index(), log })
      const pool = yield* device.open({ index: ports.index, log: ports.log, platform: { ...testPlatform, page } })

      // With it, all that its start reads has been read.
      const first = yield* Effect.promise(() => writing.add(new Blob(['sand'])))
      yield* until(pool, () => pool.transfers.status(first).state === 'stored')

      page.set({ isFrozen: true })
      const before = ports.reads
      const file = yield* Effect.promise(() => writing.add(new Blob(['reef'])))
      yield* until(writing, () => writing.transfers.status(file).state === 'stored')
      expect(ports.reads).toBe(before)
      page.set({ isFrozen: false })
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
    }),
  ))
