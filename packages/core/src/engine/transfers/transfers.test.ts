import { addressOfKey, hashContent, PART_SIZE } from '@rockpool/protocol'
import { Effect, Exit } from 'effect'
import { expect, test } from 'vitest'
import { activityChannel, type ActivityMessage } from './activity.ts'
import { failingDisk } from '../../testing/failing-disk.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import type { FileRecord } from '../../records/record.ts'
import type { Pool } from '../../pool.ts'
import { eventually, promise, runWithTestClock } from '../../testing/test-effects.ts'

const state = (pool: Pool, file: FileRecord) => pool.transfers.status(file).state
/** Known to this device, and in the log. */
const stored = (pool: Pool, file: FileRecord) =>
  until(pool, () => state(pool, file) === 'stored' && pool.log.remoteContent(file.remoteKey)?.stored === true)

const bytes = (size: number): Uint8Array<ArrayBuffer> => {
  const block = new Uint8Array(size)
  for (let i = 0; i < size; i += 4093) block[i] = i % 251
  return block
}

test('an added file is uploaded, and the log tells every device; another device opens it', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const a = yield* memoryDevice(world, 'a').open()
      const b = yield* memoryDevice(world, 'b').open()
      const file = yield* promise(() => a.add(new Blob(['reef'])))
      yield* stored(a, file)
      yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
      expect(state(b, file)).toBe('remote')
      expect(yield* promise(async () => (await b.open(file)).text())).toBe('reef')
      yield* stored(b, file)
    }),
  ))

test('a file of several parts travels part by part, with progress', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const a = yield* memoryDevice(world, 'a').open()
      const b = yield* memoryDevice(world, 'b').open()
      const content = bytes(2 * PART_SIZE + 5)
      // What the tabs of the device tell each other: the pool's own notifications are at most 10 a second.
      const channel = activityChannel(`${world.id}-a:${STORE_ID}`)
      yield* Effect.addFinalizer(() => Effect.sync(() => channel.close()))
      const seen: (number | undefined)[] = []
      channel.onmessage = ({ data }: MessageEvent<ActivityMessage>) => void seen.push(data.activity?.bytes)
      const file = yield* promise(() => a.add(content))
      yield* stored(a, file)
      yield* eventually(() => expect(seen).toContain(undefined))
      expect(seen.some((done) => done !== undefined && done > 0 && done < content.length)).toBe(true)
      yield* until(b, () => b.files.get(file.id) !== undefined)
      const progress: number[] = []
      const blob = yield* promise(() => b.open(file.id, { onProgress: (done) => void progress.push(done) }))
      expect((yield* promise(() => hashContent(blob.stream()))).address).toBe(addressOfKey(file.remoteKey))
      expect(progress.at(-1)).toBe(content.length)
    }),
  ))

test('what failed for want of a network waits longer and longer, and is sent in the end; a day takes a moment', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.offline = true
      const asked: number[] = []
      const clock = yield* Effect.clock
      const signer = {
        ...world.storage.signer,
        uploadUrl(...args: Parameters<typeof world.storage.signer.uploadUrl>) {
          asked.push(clock.unsafeCurrentTimeMillis())
          return world.storage.signer.uploadUrl(...args)
        },
      }
      const pool = yield* memoryDevice(world, 'a').open({ signer })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* advanceUntil(() => asked.length >= 50)
      expect(state(pool, file)).toBe('local')
      expect(asked[49]! - asked[48]!).toBeLessThanOrEqual(6 * 60_000)
      expect(asked[49]! - asked[0]!).toBeGreaterThan(60 * 60_000)
      world.storage.faults.offline = false
      yield* advanceUntil(() => state(pool, file) === 'stored')
    }),
  ))

test('a refusal says why and when the next attempt is, and a person may retry sooner', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.refuse = 'forbidden'
      const pool = yield* memoryDevice(world, 'a').open()
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => state(pool, file) === 'failed')
      const { code, nextAttemptAt } = pool.transfers.status(file).error!
      expect(code).toBe('forbidden')
      expect(nextAttemptAt).toBeGreaterThanOrEqual(12 * 60_000)
      expect(nextAttemptAt).toBeLessThanOrEqual(15 * 60_000)
      world.storage.faults.refuse = undefined
      yield* promise(() => pool.transfers.retry(file))
      yield* stored(pool, file)
    }),
  ))

test('a connection on which nothing moves for 30 s is given up, and its slot is free (peer failure 16)', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.stall = 'request'
      const pool = yield* memoryDevice(world, 'a').open()
      const errors: string[] = []
      pool.on('error', ({ error }) => void errors.push(error.code))
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => state(pool, file) === 'uploading')
      yield* advanceUntil(() => errors.length >= 2)
      expect(new Set(errors)).toEqual(new Set(['storage_unavailable']))
      world.storage.faults.stall = undefined
      yield* advanceUntil(() => state(pool, file) === 'stored')
    }),
  ))

test('the same bytes in two files are stored once', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      const one = yield* promise(() => pool.add(new Blob(['reef'])))
      const two = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* stored(pool, one)
      yield* stored(pool, two)
      expect([...world.storage.objects.keys()]).toEqual([one.remoteKey])
    }),
  ))

test('removing a file that waits takes it out of the queue; restoring it puts it back', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.offline = true
      const device = memoryDevice(world, 'a')
      const pool = yield* device.open()
      const index = device.index()
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* promise(() => pool.remove(file.id))
      yield* promise(async () => {
        let waiting = await index.getAll('transfers')
        const changed = () => new Promise<void>((resolve) => index.subscribe(() => resolve()))
        for (let next = changed(); waiting.length > 0; next = changed()) {
          waiting = await index.getAll('transfers')
          if (waiting.length > 0) await next
        }
      })
      world.storage.faults.offline = false
      yield* promise(() => pool.restore(file.id))
      yield* stored(pool, file)
    }),
  ))

test('what object storage has lost is sent again by the device that has it', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      const lost: string[] = []
      pool.on('lost', ({ id }) => void lost.push(id))
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* stored(pool, file)
      world.storage.objects.clear()
      pool.log.append([{ name: 'v2.ContentLost', opId: crypto.randomUUID(), args: { remoteKey: file.remoteKey } }])
      yield* advanceUntil(() => state(pool, file) === 'stored' && pool.log.remoteContent(file.remoteKey)!.stored)
      expect(world.storage.objects.has(file.remoteKey)).toBe(true)
      expect(lost).toEqual([file.id])
    }),
  ))

test('a body with other bytes is neither given as a whole nor kept (peer failure 3)', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const b = memoryDevice(world, 'b')
      const a = yield* memoryDevice(world, 'a').open()
      const pool = yield* b.open()
      const file = yield* promise(() => a.add(bytes(PART_SIZE + 9)))
      yield* stored(a, file)
      yield* until(pool, () => pool.log.remoteContent(file.remoteKey)?.stored === true)
      world.storage.faults.tamper = (body) =>
        body.map((byte, i) => (i === PART_SIZE + 3 || (body.length === 9 && i === 3) ? byte ^ 1 : byte))
      yield* promise(async () => {
        await expect(pool.open(file)).rejects.toMatchObject({ code: 'corrupt' })
        const stream = await pool.stream(file)
        await expect(new Response(stream).arrayBuffer()).rejects.toMatchObject({ code: 'corrupt' })
        // the first part was right, and is not fetched again
        expect(await b.blobs.list()).toMatchObject([{ size: PART_SIZE, complete: false }])
        world.storage.faults.tamper = undefined
        expect((await pool.open(file)).size).toBe(PART_SIZE + 9)
      })
    }),
  ))

test('a pinned file comes by itself, and stays pinned', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const a = yield* memoryDevice(world, 'a').open()
      const b = yield* memoryDevice(world, 'b').open()
      const file = yield* promise(() => a.add(new Blob(['reef'])))
      yield* stored(a, file)
      yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
      yield* promise(() => b.pin(file.id))
      yield* stored(b, file)
      expect(yield* promise(() => b.storage())).toMatchObject({ pinned: 4, evictable: 0 })
      yield* promise(() => b.unpin(file.id))
      expect(yield* promise(() => b.storage())).toMatchObject({ pinned: 0, evictable: 4 })
    }),
  ))

test('a paused device sends nothing; a cancelled upload waits for a person', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      yield* promise(() => pool.transfers.pause())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* promise(() => pool.transfers.cancel(file))
      yield* promise(() => pool.transfers.resume())
      yield* until(pool, () => state(pool, file) === 'failed')
      expect(pool.transfers.status(file).error?.code).toBe('aborted')
      expect(world.storage.objects.size).toBe(0)
      yield* promise(() => pool.transfers.retry(file))
      yield* stored(pool, file)
    }),
  ))

test('a file cut short on disk is not uploaded under its old hash (peer failure 4)', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const pool = yield* device.open()
      yield* promise(() => pool.transfers.pause())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* promise(() => failingDisk(device.blobs).damage(file.remoteKey, (bytes) => bytes.slice(0, 2)))
      yield* promise(() => pool.transfers.resume())
      yield* until(pool, () => state(pool, file) === 'failed')
      expect(pool.transfers.status(file).error?.code).toBe('corrupt')
      expect(world.storage.objects.size).toBe(0)
      const opened = yield* Effect.exit(Effect.tryPromise(() => pool.open(file)))
      expect(Exit.isFailure(opened)).toBe(true)
    }),
  ))
