import { addressOfKey, PART_SIZE } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

test('counts content as local only until it is uploaded, and after its file is removed', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      const reef = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => pool.transfers.status(reef).state === 'stored')
      world.storage.faults.offline = true
      const lagoon = yield* promise(() => pool.add(new Blob(['lagoon'])))
      expect(yield* promise(() => pool.storage())).toMatchObject({ used: 10, evictable: 4, localOnly: 6 })
      yield* promise(() => pool.remove(lagoon.id))
      expect(yield* promise(() => pool.storage())).toMatchObject({ used: 10, evictable: 4, localOnly: 6 })
      world.storage.faults.offline = false
      yield* promise(() => pool.restore(lagoon.id))
      yield* until(pool, () => pool.transfers.status(lagoon).state === 'stored')
      expect(yield* promise(() => pool.storage())).toMatchObject({ used: 10, evictable: 10, localOnly: 0 })
    }),
  ))

test('counts neither pinned content that is stored nor parts of a download as local only', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const a = yield* memoryDevice(world, 'a').open()
      const device = memoryDevice(world, 'b')
      const b = yield* device.open()
      const reef = yield* promise(() => a.add(new Blob(['reef'])))
      const large = yield* promise(() => a.add(new Blob([new Uint8Array(PART_SIZE + 1)])))
      yield* until(a, () => [reef, large].every((file) => a.transfers.status(file).state === 'stored'))
      yield* until(b, () => b.log.remoteContent(reef.remoteKey)?.stored === true)
      yield* promise(() => b.pin(reef.id))
      yield* until(b, () => b.transfers.status(reef).state === 'stored')
      yield* promise(() => device.blobs.writePart(addressOfKey(large.remoteKey), 2, new Uint8Array(1)))
      expect(yield* promise(() => b.storage())).toMatchObject({ used: 5, evictable: 0, pinned: 4, localOnly: 0 })
    }),
  ))
