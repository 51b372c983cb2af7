/** Full passes: what disk, index or log lacks is derived from the others. */
import { addressOfKey, type Buckets, type ContentAddress, RockpoolError } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import { describe, expect, test, vi } from 'vitest'
import { memoryIndex, memoryIndexStorage, memoryRecordLog } from '../../memory/index.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import { change, put } from '../../ports/local-index.ts'
import type { Signer } from '../../ports/signer.ts'
import type { FileRecord } from '../../records/record.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { nextPassIn, ROWS_VERSION } from './reconcile.ts'
import {
  eventually,
  minutes,
  nextDay,
  passFinished,
  promise,
  runWithTestClock,
  turns,
} from '../../testing/test-effects.ts'

/** Counts what the signer is asked for. */
const counting = ({ storage }: ReturnType<typeof memoryWorld>) => {
  const asked: string[] = []
  const signer: Signer = {
    ...storage.signer,
    uploadUrl(request, signal) {
      asked.push(request.key)
      return storage.signer.uploadUrl(request, signal)
    },
    uploadUrls: (request, signal) => {
      asked.push(...request.items.map(({ key }) => key))
      return storage.signer.uploadUrls(request, signal)
    },
    downloadUrl(request, signal) {
      asked.push(request.key)
      return storage.signer.downloadUrl(request, signal)
    },
  }
  return { signer, asked }
}

const emptyIndex = () => memoryIndex(memoryIndexStorage())
const logOf = ({ backend }: ReturnType<typeof memoryWorld>) => ({
  log: memoryRecordLog({ storeId: STORE_ID, backend, device: 'a' }),
})

describe('a lost index', () => {
  test('is rebuilt from disk and log, and the only copy of a file is uploaded', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        world.storage.faults.offline = true
        const scope = yield* Scope.make()
        const first = yield* device.open(logOf(world)).pipe(Scope.extend(scope))
        const file = yield* promise(() => first.add(new Blob(['only here']), { name: 'f' }))
        yield* minutes(2)
        yield* Scope.close(scope, Exit.void)
        world.storage.faults.offline = false
        const pool = yield* device.open({ ...logOf(world), index: emptyIndex() })
        yield* advanceUntil(() => pool.log.remoteContent(file.remoteKey)?.stored === true)
        expect(pool.transfers.status(file.id)).toMatchObject({ state: 'stored', onDevice: true })
      }),
    ))

  test.each(['index and bytes', 'the index', 'the row of the upload'] as const)(
    'under a running leader: an upload is not repeated without pause, nor lost, when it lacks %s',
    (lost) =>
      runWithTestClock(
        Effect.gen(function* () {
          const world = memoryWorld()
          const device = memoryDevice(world, 'a')
          const { signer, asked } = counting(world)
          const storage = memoryIndexStorage()
          world.storage.faults.offline = true
          const pool = yield* device.open({ ...logOf(world), index: memoryIndex(storage), signer })
          const file = yield* promise(() => pool.add(new Blob(['only here']), { name: 'f' }))
          yield* minutes(2)
          // The browser notifies no page.
          const left = [...storage.tables].filter(
            ([key]) => lost === 'the row of the upload' && !key.startsWith('transfers:'),
          )
          storage.tables = new Map(left)
          if (lost === 'index and bytes') yield* promise(() => device.blobs.delete(addressOfKey(file.remoteKey)))
          world.storage.faults.offline = false
          asked.length = 0
          if (lost === 'the index') yield* advanceUntil(() => pool.log.remoteContent(file.remoteKey)?.stored === true)
          else yield* minutes(10)
          expect(asked.length).toBeLessThan(20)
        }),
      ),
  )

  test('checks only content without a receipt with the signer, at a low rate', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const { log } = logOf(world)
        const make = eventMaker(STORE_ID, 'other')
        const first = yield* device.open({ log })
        const files: FileRecord[] = []
        for (const text of ['proved 1', 'proved 2', 'claimed 1', 'claimed 2', 'claimed 3']) {
          files.push(yield* promise(() => first.add(new Blob([text]))))
        }
        yield* until(first, () => files.every((file) => first.transfers.status(file).state === 'stored'))
        // As if a signer without receipts had said so.
        const claimed = files.slice(2)
        world.backend.erase('a')
        world.backend.confirmed.forEach(({ event }, i, all) => {
          if (event.name !== 'v2.ContentStored') return
          const isClaimed = claimed.some(({ remoteKey }) => remoteKey === event.args.remoteKey)
          if (isClaimed) (all as unknown[])[i] = { event: make.stored(event.args.remoteKey), device: 'other' }
        })
        yield* promise(() => first.close())

        const { signer, asked } = counting(world)
        const pool = yield* device.open({ ...logOf(world), index: emptyIndex(), signer, checksPerMinute: 1 })
        yield* until(pool, () => pool.transfers.status(files[1]!).state === 'stored')
        yield* eventually(() => expect(asked).toHaveLength(1))
        yield* turns(50)
        expect(asked).toHaveLength(1)
        yield* minutes(1)
        yield* eventually(() => expect(asked).toHaveLength(2))
        yield* turns(50)
        expect(asked).toHaveLength(2)
        yield* minutes(2)
        const keys = new Set(claimed.map(({ remoteKey }) => remoteKey))
        yield* eventually(() => expect(new Set(asked)).toEqual(keys))
        yield* turns(50)
        expect(asked).toHaveLength(3)
        expect(yield* promise(() => pool.storage())).toMatchObject({ used: 43, evictable: 43 })
      }),
    ))

  test('does not accept damaged bytes', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        world.storage.faults.offline = true
        const first = yield* device.open(logOf(world))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* promise(() => first.close())
        const address = addressOfKey(file.remoteKey)
        const index = emptyIndex()
        yield* promise(() => failingDisk(device.blobs).damage(file.remoteKey, flipLastBit))
        const pool = yield* device.open({ ...logOf(world), index })
        yield* passFinished(index)
        expect(yield* promise(() => index.keys('contents'))).toEqual([])
        expect(yield* promise(() => device.blobs.isQuarantined(address))).toBe(true)
        expect(pool.transfers.status(file).onDevice).toBe(false)
      }),
    ))

  test('reads content again when the disk fails for a moment', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        world.storage.faults.offline = true
        const first = yield* device.open(logOf(world))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* promise(() => first.close())
        const index = emptyIndex()
        let failures = 0
        const blobs: BlobStore = {
          ...device.blobs,
          async open(address) {
            if (failures++ === 0) throw new RockpoolError('disk_failed', 'The disk does not respond.')
            return device.blobs.open(address)
          },
        }
        yield* device.open({ ...logOf(world), index, blobs })
        yield* passFinished(index)
        expect(yield* promise(() => index.keys('contents'))).toEqual([addressOfKey(file.remoteKey)])
      }),
    ))

  test('names no content that went away while it was hashed', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const first = yield* device.open(logOf(world))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* until(first, () => first.transfers.status(file).state === 'stored')
        yield* promise(() => first.close())
        const index = emptyIndex()
        const blobs = {
          ...device.blobs,
          async open(address: ContentAddress) {
            const blob = await device.blobs.open(address)
            await device.blobs.delete(address)
            return blob
          },
        }
        yield* device.open({ ...logOf(world), index, blobs })
        yield* passFinished(index)
        expect(yield* promise(() => device.blobs.list())).toEqual([])
        expect(yield* promise(() => index.keys('contents'))).toEqual([])
      }),
    ))

  test('waits for the row of an add under way', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const index = emptyIndex()
        const { readable, writable } = new TransformStream<Uint8Array>()
        const writer = writable.getWriter()
        const pool = yield* device.open({ ...logOf(world), index })
        yield* passFinished(index)
        const adding = pool.add(readable)
        void writer.write(new Uint8Array(3))
        yield* nextDay
        expect((yield* promise(() => index.get('engine', 'engine')))?.reconcile?.phase).toBe('disk')
        yield* promise(async () => {
          await writer.close()
          await adding
        })
        yield* minutes(2)
        yield* passFinished(index)
      }),
    ))
})

test('removes a row without bytes, and downloads a pinned file again', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const pool = yield* device.open()
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      const other = yield* promise(() => pool.add(new Blob(['shoal'])))
      yield* promise(() => pool.pin(file.id))
      yield* until(pool, () => [file, other].every((each) => pool.transfers.status(each).state === 'stored'))
      for (const { remoteKey } of [file, other]) yield* promise(() => device.blobs.delete(addressOfKey(remoteKey)))
      yield* advanceUntil(() => !pool.transfers.status(other).onDevice)
      yield* advanceUntil(() => pool.transfers.status(file).state === 'stored')
      expect(yield* promise(async () => (await device.blobs.open(addressOfKey(file.remoteKey)))?.text())).toBe('reef')
    }),
  ))

test('deletes unreferenced rows, and queues a lost upload', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      const make = eventMaker(STORE_ID, 'never')
      const pool = yield* device.open()
      yield* promise(() => pool.transfers.pause())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      const [upload] = yield* promise(() => index.getAll('transfers'))
      yield* promise(() =>
        index.write([
          change('transfers', upload!.id, () => undefined),
          put('transfers', { ...upload!, id: `upload:${make.key(5)}`, remoteKey: make.key(5), queuedFor: null }),
          put('transfers', {
            ...upload!,
            id: `download:${make.key(6)}`,
            direction: 'download',
            remoteKey: make.key(6),
          }),
          put('files', { id: 'unknown', name: 'x', type: '', size: 1, remoteKey: make.key(7) }),
        ]),
      )
      yield* nextDay
      yield* minutes(2)
      yield* eventually(async () => expect(await index.keys('transfers')).toEqual([upload!.id]))
      yield* eventually(async () => expect(await index.keys('files')).toEqual([file.id]))
    }),
  ))

test('appends ContentStored for stored content that the log lacks', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const pool = yield* device.open()
      yield* promise(() => pool.transfers.pause())
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      world.storage.objects.set(file.remoteKey, { bytes: new Blob(['reef']), type: 'text/plain' })
      const index = device.index()
      const [upload] = yield* promise(() => index.getAll('transfers'))
      yield* promise(() =>
        index.write([
          change('transfers', upload!.id, () => undefined),
          change('contents', addressOfKey(file.remoteKey), (row) => row && { ...row, storedAs: [file.remoteKey] }),
        ]),
      )
      yield* promise(() => pool.transfers.resume())
      yield* turns(50)
      expect(pool.log.remoteContent(file.remoteKey)).toBeUndefined()
      yield* advanceUntil(() => pool.log.remoteContent(file.remoteKey)?.proved === true)
    }),
  ))

test('resumes an interrupted pass', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      const make = eventMaker(STORE_ID, 'op')
      const { log } = logOf(world)
      log.append(Array.from({ length: 1_200 }, (_, i) => make.added(`f${i}`, { remoteKey: make.key(i) })))
      const { cursor: changeCursor } = log.changes(undefined, 1_200)
      const { cursor } = log.changes(undefined, 1_000)
      const reconcile = { phase: 'records', cursor, finishedAt: null } as const
      yield* promise(() =>
        index.write([put('engine', { id: 'engine', epoch: 0, changeCursor, confirmationCursor: null, reconcile })]),
      )
      const from: unknown[] = []
      const changes: typeof log.changes = (since, limit) => {
        from.push(since)
        return log.changes(since, limit)
      }
      yield* device.open({ log: { ...log, changes } })
      yield* passFinished(index)
      expect(new Set(from)).toEqual(new Set([changeCursor, cursor]))
      // The rows of the files that this pass came to, and of no others.
      expect(yield* promise(() => index.keys('files'))).toHaveLength(200)
    }),
  ))

test('completes a pass with content of an owner bucket while nobody is signed in', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const buckets: Buckets = { files: { access: 'store' }, own: { access: 'owner' } }
      const world = memoryWorld({ buckets })
      const device = memoryDevice(world, 'a')
      world.storage.faults.offline = true
      const first = yield* device.open({ ...logOf(world), buckets })
      const file = yield* promise(() => first.add(new Blob(['reef'])))
      yield* promise(() => first.close())
      world.storage.faults.offline = false
      const pool = yield* device.open({ ...logOf(world), buckets, index: emptyIndex() })
      yield* advanceUntil(() => pool.transfers.status(file).state === 'stored')
    }),
  ))

test('retries a failed pass without blocking uploads', () =>
  runWithTestClock(
    Effect.gen(function* () {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      let isBroken = true
      const pool = yield* device.open({
        index,
        platform: { ...testPlatform },
        blobs: {
          ...device.blobs,
          list: () => (isBroken ? Promise.reject(new Error('the disk fails')) : device.blobs.list()),
        },
      })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      isBroken = false
      yield* minutes(6)
      yield* passFinished(index)
    }),
  ))

const DAY = 24 * 60 * 60_000
const progress = (finishedAt: number | null, phase: 'disk' | null = null) => ({ finishedAt, phase, cursor: null })
test.each([
  { name: 'no index', engine: undefined, wait: 0 },
  { name: 'rows of an older engine', engine: { rowsVersion: 1, reconcile: progress(9 * DAY) }, wait: 0 },
  {
    name: 'a pass that was interrupted',
    engine: { rowsVersion: ROWS_VERSION, reconcile: progress(9 * DAY, 'disk') },
    wait: 0,
  },
  { name: 'never one', engine: { rowsVersion: ROWS_VERSION, reconcile: progress(null) }, wait: 0 },
  { name: 'one just now', engine: { rowsVersion: ROWS_VERSION, reconcile: progress(10 * DAY) }, wait: DAY },
  {
    name: 'one an hour ago',
    engine: { rowsVersion: ROWS_VERSION, reconcile: progress(10 * DAY - 3_600_000) },
    wait: DAY - 3_600_000,
  },
  { name: 'one a day ago', engine: { rowsVersion: ROWS_VERSION, reconcile: progress(9 * DAY) }, wait: 0 },
  {
    name: 'one by a clock that was ahead',
    engine: { rowsVersion: ROWS_VERSION, reconcile: progress(11 * DAY) },
    wait: 0,
  },
])('after $name the next pass is due in $wait ms', ({ engine, wait }) => {
  expect(nextPassIn(engine, 10 * DAY)).toBe(wait)
})
