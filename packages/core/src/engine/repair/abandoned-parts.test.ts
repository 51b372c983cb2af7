import { type ContentAddress, hashContent, PART_SIZE } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { memoryDevice, memoryWorld } from '../../testing/memory-device.ts'
import { passFinished, promise, runWithTestClock } from '../../testing/test-effects.ts'
import { abandonedParts } from './abandoned-parts.ts'

const DAY = 24 * 60 * 60_000
const address = 'a' as ContentAddress

test.each([
  ['whole content', { complete: true, modifiedAt: 0 }, false],
  ['parts that are older than a week', { complete: false, modifiedAt: 0 }, true],
  ['parts of this week', { complete: false, modifiedAt: 3 * DAY }, false],
  ['parts from the future, since a clock was set back', { complete: false, modifiedAt: 99 * DAY }, false],
])('%s: abandoned or not', (_, stored, isAbandoned) => {
  expect(abandonedParts([{ address, size: 1, ...stored }], 8 * DAY)).toEqual(isAbandoned ? [address] : [])
})

test('a full pass removes parts that are older than a week, unless damaged bytes are beside them', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const device = memoryDevice(memoryWorld(), 'a')
      let now = -8 * DAY
      const blobs = memoryBlobStore({ clock: { now: () => now } })
      const bytes = new Uint8Array(PART_SIZE)
      const contentEnding = async (end: number) =>
        (await hashContent(new Blob([bytes, new Uint8Array([end])]).stream())).address
      const [old, damaged, recent] = yield* promise(() => Promise.all([1, 2, 3].map(contentEnding)))
      yield* promise(async () => {
        await blobs.writePart(damaged!, 1, bytes)
        await blobs.quarantine(damaged!)
        for (const address of [old!, damaged!]) await blobs.writePart(address, 1, bytes)
        now = 0
        await blobs.writePart(recent!, 1, bytes)
      })
      yield* device.open({ blobs })
      yield* passFinished(device.index())
      const addresses = (yield* promise(() => blobs.list())).map(({ address }) => address)
      expect(addresses.toSorted()).toEqual([damaged!, recent!].toSorted())
      expect(yield* promise(() => blobs.isQuarantined(damaged!))).toBe(true)
    }),
  ))
