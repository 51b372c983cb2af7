import { addressOfKey, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import type { LocalIndex } from '../../ports/local-index.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { advanceUntil, memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

/** Another device has added the file; this one has pinned it, and its disk can be made full. */
const pinnedFile = Effect.gen(function* () {
  const world = memoryWorld()
  const device = memoryDevice(world, 'b')
  const disk = failingDisk(device.blobs)
  let isFull = false
  const kept = device.index()
  const index: LocalIndex = {
    ...kept,
    async write(steps, options) {
      if (isFull) throw new RockpoolError('quota_exceeded', 'The disk is full.')
      return kept.write(steps, options)
    },
  }
  const a = yield* memoryDevice(world, 'a').open()
  const pool = yield* device.open({ blobs: disk.blobs, index })
  const file = yield* promise(() => a.add(new Blob(['reef'])))
  yield* until(pool, () => pool.files.get(file.id) !== undefined)
  yield* promise(() => pool.pin(file.id))
  const address = addressOfKey(file.remoteKey)
  const isHere = () => pool.transfers.status(file.id).onDevice
  const hasBytes = promise(async () => (await device.blobs.open(address)) !== undefined)
  yield* advanceUntil(isHere)
  return { disk, pool, file, isHere, hasBytes, setFull: (full: boolean) => (isFull = full) }
})

test('a pinned file whose quarantine could not be noted on a full disk is downloaded again when there is space', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, file, isHere, hasBytes, setFull } = yield* pinnedFile
      yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
      setFull(true)
      expect(yield* promise(() => pool.verify().catch((error: unknown) => error))).toMatchObject({
        code: 'quota_exceeded',
      })
      expect(yield* hasBytes).toBe(false)
      expect(isHere()).toBe(true)
      setFull(false)
      let minutes = 0
      yield* advanceUntil(() => ++minutes > 10)
      expect(yield* hasBytes).toBe(true)
      expect(isHere()).toBe(true)
    }),
  ))
