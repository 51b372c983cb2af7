/** A disk that gives other bytes than were written: they are neither sent nor served, and stay until there are better ones. */
import { addressOfKey, hashContent, PART_SIZE } from '@rockpool/protocol'
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import type { Pool } from '../../pool.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { advanceUntil, memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const status = (pool: Pool, file: { readonly id: string }) => pool.transfers.status(file.id)
const error = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (cause: unknown) => cause,
  )

/** A device that has added a file which waits for the network, and whose disk fails then. */
const damagedBeforeUpload = Effect.gen(function* () {
  const world = memoryWorld()
  const device = memoryDevice(world, 'a')
  const disk = failingDisk(device.blobs)
  const pool = yield* device.open({ blobs: disk.blobs })
  yield* promise(() => pool.transfers.pause())
  const file = yield* promise(() => pool.add(new Blob(['reef'])))
  yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
  return { world, disk, pool, file, address: addressOfKey(file.remoteKey) }
})

/** A device that has downloaded a file, of which its disk has lost the index row and damaged the bytes. */
const damagedDownload = Effect.gen(function* () {
  const world = memoryWorld()
  const device = memoryDevice(world, 'b')
  const disk = failingDisk(device.blobs)
  const a = yield* memoryDevice(world, 'a').open()
  const pool = yield* device.open({ blobs: disk.blobs })
  const file = yield* promise(() => a.add(new Blob(['reef'])))
  yield* until(pool, () => pool.log.remoteContent(file.remoteKey)?.stored === true)
  yield* promise(() => device.blobs.write(new Blob(['reef'])))
  yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
  return { world, device, disk, pool, file, address: addressOfKey(file.remoteKey) }
})

describe('a flipped bit that is found when the file is uploaded', () => {
  test('is not sent; the file says that it is damaged, and is not opened', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, disk, pool, file, address } = yield* damagedBeforeUpload
        yield* promise(() => pool.transfers.resume())
        yield* until(pool, () => status(pool, file).state === 'failed')
        expect(status(pool, file)).toMatchObject({ onDevice: false, error: { code: 'corrupt' } })
        expect(status(pool, file).error?.message).toContain('damaged on this device')
        expect(world.storage.objects.size).toBe(0)
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(true)
        expect(yield* promise(() => error(pool.open(file)))).toMatchObject({ code: 'corrupt' })
        // Later attempts send it neither.
        yield* advanceUntil(() => false).pipe(Effect.timeoutOption('1 hour'))
        expect(world.storage.objects.size).toBe(0)
        expect(status(pool, file).error?.code).toBe('corrupt')
      }),
    ))

  test('the file can be added again, and is stored then', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { pool, file } = yield* damagedBeforeUpload
        yield* promise(() => pool.transfers.resume())
        yield* until(pool, () => status(pool, file).state === 'failed')
        yield* promise(() => pool.add(new Blob(['reef'])))
        yield* until(pool, () => status(pool, file).state === 'stored')
        expect(yield* promise(async () => (await pool.open(file)).text())).toBe('reef')
      }),
    ))

  test('another device uploads the same bytes: the file comes from there, and the damaged bytes go', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, disk, pool, file, address } = yield* damagedBeforeUpload
        yield* promise(() => pool.transfers.resume())
        yield* until(pool, () => status(pool, file).state === 'failed')
        const other = yield* memoryDevice(world, 'b').open()
        yield* promise(() => other.add(new Blob(['reef'])))
        yield* advanceUntil(() => status(pool, file).state === 'remote')
        expect(yield* promise(async () => (await pool.open(file)).text())).toBe('reef')
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(false)
        expect(status(pool, file).state).toBe('stored')
      }),
    ))
})

test('bytes that are gone when they are to be uploaded are not said to be here, and the file says so', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, file, address } = yield* damagedBeforeUpload
      yield* promise(() => disk.blobs.delete(address))
      yield* promise(() => pool.transfers.resume())
      yield* until(pool, () => status(pool, file).state === 'failed')
      expect(status(pool, file)).toMatchObject({ onDevice: false, error: { code: 'not_found' } })
      yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => status(pool, file).state === 'stored')
    }),
  ))

test('bytes that are gone when they are to be uploaded, and that object storage has, are stored for all devices', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { world, disk, pool, file, address } = yield* damagedBeforeUpload
      yield* promise(() => disk.blobs.delete(address))
      world.storage.objects.set(file.remoteKey, { bytes: new Blob(['reef']), type: file.type })
      yield* promise(() => pool.transfers.resume())
      yield* until(pool, () => pool.log.remoteContent(file.remoteKey)?.proved === true)
      expect(status(pool, file)).toMatchObject({ state: 'remote', error: null })
    }),
  ))

describe('a flipped bit that is found when the file is read', () => {
  test('is fetched again, and the damaged bytes go', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { disk, pool, file, address } = yield* damagedDownload
        expect(yield* promise(async () => (await pool.open(file)).text())).toBe('reef')
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(false)
      }),
    ))

  test('stays aside while object storage cannot be reached, and is not served', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, disk, pool, file, address } = yield* damagedDownload
        world.storage.faults.offline = true
        for (let times = 0; times < 2; times++) {
          expect(yield* promise(() => error(pool.open(file)))).toMatchObject({ code: 'offline' })
        }
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(true)
      }),
    ))

  test('is corrupt, with a sentence, when object storage has nothing better', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, disk, pool, file, address } = yield* damagedDownload
        world.storage.objects.clear()
        for (let times = 0; times < 2; times++) {
          const failure = yield* promise(() => error(pool.open(file)))
          expect(failure).toMatchObject({ code: 'corrupt', message: expect.stringContaining('damaged on this device') })
        }
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(true)
      }),
    ))
})

test.each([
  ['shorter', (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, 2)],
  ['longer', (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array([...bytes, 0])],
])('bytes that are %s than the index says are not served: the file is fetched again', (_, change) =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, file } = yield* damagedDownload
      yield* promise(() => pool.open(file))
      yield* promise(() => disk.damage(file.remoteKey, change))
      expect(yield* promise(async () => (await pool.open(file)).text())).toBe('reef')
      expect(yield* promise(async () => new Response(await pool.stream(file)).text())).toBe('reef')
    }),
  ),
)

test('a part that was damaged since it was downloaded is not given to the reader, nor counted as kept', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'b')
      const disk = failingDisk(device.blobs)
      const bytes = sampleBytes(PART_SIZE + 5)
      const a = yield* memoryDevice(world, 'a').open()
      const pool = yield* device.open({ blobs: disk.blobs })
      const file = yield* promise(() => a.add(bytes))
      yield* until(pool, () => pool.log.remoteContent(file.remoteKey)?.stored === true)
      const address = addressOfKey(file.remoteKey)
      yield* promise(() => device.blobs.writePart(address, 1, bytes.slice(0, PART_SIZE)))
      yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
      const read = yield* promise(async () => hashContent((await pool.stream(file)) as ReadableStream<Uint8Array>))
      expect(read.address).toBe(address)
      expect(status(pool, file).onDevice).toBe(false)
      expect((yield* promise(() => pool.open(file))).size).toBe(PART_SIZE + 5)
      expect(status(pool, file).onDevice).toBe(true)
    }),
  ))

describe('good bytes that another tab stores after this one has seen damage', () => {
  /** Two tabs of a device that has added a file, not uploaded it, and damaged it; steps of the first tab's disk can be delayed. */
  const twoTabs = Effect.gen(function* () {
    const device = memoryDevice(memoryWorld(), 'a')
    const disk = failingDisk(device.blobs)
    const late = { ...disk.blobs }
    const pool = yield* device.open({ blobs: late })
    const other = yield* device.open({ blobs: device.blobs })
    yield* promise(() => pool.transfers.pause())
    const file = yield* promise(() => pool.add(new Blob(['reef'])))
    const address = addressOfKey(file.remoteKey)
    yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
    const addAgain = () => other.add(new Blob(['reef']))
    const isGood = () => promise(async () => (await (await device.blobs.open(address))?.text()) === 'reef')
    const row = () => promise(() => device.index().get('contents', address))
    return { device, disk, late, pool, file, address, addAgain, isGood, row }
  })

  test('stay when they come before the damaged ones are moved aside, and nothing is reported', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { disk, late, pool, address, addAgain, isGood, row } = yield* twoTabs
        late.quarantine = async (damaged) => {
          await addAgain()
          return disk.blobs.quarantine(damaged)
        }
        expect(yield* promise(() => pool.verify())).toEqual({ bytes: 4, damaged: [], unreadable: [] })
        expect(yield* isGood()).toBe(true)
        expect(yield* promise(() => disk.blobs.isQuarantined(address))).toBe(false)
        expect(yield* row()).toBeDefined()
      }),
    ))

  test('keep their row when they come after the damaged ones were moved aside', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { disk, late, pool, file, addAgain, isGood, row } = yield* twoTabs
        late.quarantine = async (damaged) => {
          const left = await disk.blobs.quarantine(damaged)
          await addAgain()
          return left
        }
        yield* promise(() => pool.verify())
        expect(yield* isGood()).toBe(true)
        expect(yield* row()).toBeDefined()
        expect(status(pool, file).onDevice).toBe(true)
      }),
    ))

  test('are given to a reader that saw nothing on the disk before', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { device, late, pool, file, address, addAgain } = yield* twoTabs
        yield* promise(() => device.blobs.delete(address))
        let isFirst = true
        late.open = async (wanted) => {
          const seen = await device.blobs.open(wanted)
          if (isFirst) {
            isFirst = false
            await addAgain()
          }
          return seen
        }
        expect(yield* promise(async () => (await pool.open(file)).text())).toBe('reef')
        expect(yield* promise(() => device.blobs.isQuarantined(address))).toBe(false)
      }),
    ))

  test('are uploaded by an attempt that has read the damaged ones', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { late, disk, pool, file, addAgain } = yield* twoTabs
        late.quarantine = async (damaged) => {
          await addAgain()
          return disk.blobs.quarantine(damaged)
        }
        const errors: string[] = []
        pool.on('error', ({ error }) => errors.push(error.code))
        yield* promise(() => pool.transfers.resume())
        yield* advanceUntil(() => status(pool, file).state === 'stored')
        expect(errors).toEqual(['disk_failed'])
      }),
    ))
})
