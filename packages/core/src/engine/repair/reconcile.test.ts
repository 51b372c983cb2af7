/** What one of disk, index and log lacks is derived from the others. */
import { addressOfKey, type Buckets } from '@rockpool/protocol'
import { Effect, Exit, Scope, TestClock, TestContext } from 'effect'
import { describe, expect, test, vi } from 'vitest'
import { memoryIndex, memoryIndexStorage, memoryRecordLog } from '../../memory/index.ts'
import { webPlatform } from '../../platform/web-platform.ts'
import { change, type EngineRow, type LocalIndex, put } from '../../ports/local-index.ts'
import type { Signer } from '../../ports/signer.ts'
import type { FileRecord } from '../../records/record.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { nextPassIn, ROWS_VERSION } from './reconcile.ts'

const run = <A, E>(program: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(TestContext.TestContext)))
const promise = <A>(work: () => Promise<A>) => Effect.promise(work)

const turns = (count: number) =>
  promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise<void>((turned) => setImmediate(turned))
  })
const eventually = (holds: () => unknown) => promise(() => vi.waitFor(holds, { interval: 1, timeout: 10_000 }))
/** The time of the next pass has come. */
const nextDay = TestClock.adjust('1 day').pipe(Effect.andThen(turns(50)))
const minutes = (count: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < count; i++) {
      yield* TestClock.adjust('1 minute')
      yield* turns(1)
    }
  })

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
/** A pass has come to its end. An add that was under way put it off by a minute. */
const finished = (index: LocalIndex) =>
  minutes(2).pipe(
    Effect.andThen(
      promise(() =>
        vi.waitFor(async () => {
          expect((await index.get('engine', 'engine'))?.reconcile).toMatchObject({ phase: null, cursor: null })
        }, 5_000),
      ),
    ),
  )

describe('a lost index', () => {
  test('is derived again from disk and log, and the only copy of a file is uploaded', () =>
    run(
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

  test('asks the signer for no content that a receipt proves, and for the rest at a low rate', () =>
    run(
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

  test('does not take damaged bytes for the content', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        world.storage.faults.offline = true
        const first = yield* device.open(logOf(world))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* promise(() => first.close())
        const address = addressOfKey(file.remoteKey)
        const index = emptyIndex()
        const pool = yield* device.open({
          ...logOf(world),
          index,
          blobs: { ...device.blobs, open: async () => new Blob(['rEef']) },
        })
        yield* finished(index)
        expect(yield* promise(() => index.keys('contents'))).toEqual([])
        expect(yield* promise(() => device.blobs.isQuarantined(address))).toBe(true)
        expect(pool.transfers.status(file).onDevice).toBe(false)
      }),
    ))

  test('is derived while an add is under way: not before it has its row', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const index = emptyIndex()
        const { readable, writable } = new TransformStream<Uint8Array>()
        const writer = writable.getWriter()
        const pool = yield* device.open({ ...logOf(world), index })
        yield* finished(index)
        const adding = pool.add(readable)
        void writer.write(new Uint8Array(3))
        yield* nextDay
        expect((yield* promise(() => index.get('engine', 'engine')))?.reconcile?.phase).toBe('disk')
        yield* promise(async () => {
          await writer.close()
          await adding
        })
        yield* minutes(2)
        yield* finished(index)
      }),
    ))
})

test('a row whose bytes are gone is removed by a pass, and a pinned file comes again', () =>
  run(
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

test('rows that nothing names are deleted by a pass, and a lost upload is queued', () =>
  run(
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
      yield* promise(() => vi.waitFor(async () => expect(await index.keys('transfers')).toEqual([upload!.id]), 5_000))
      yield* promise(() => vi.waitFor(async () => expect(await index.keys('files')).toEqual([file.id]), 5_000))
    }),
  ))

test('what the log lacks of a stored content is told to all devices after a pass', () =>
  run(
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

test('a pass that was interrupted goes on from its place', () =>
  run(
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
      yield* finished(index)
      expect(new Set(from)).toEqual(new Set([changeCursor, cursor]))
      // The rows of the files that this pass came to, and of no others.
      expect(yield* promise(() => index.keys('files'))).toHaveLength(200)
    }),
  ))

describe('versions', () => {
  test('a version that is kept is uploaded, though another file of the same bytes was removed', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const pool = yield* memoryDevice(world, 'a').open()
        yield* promise(() => pool.transfers.pause())
        const file = yield* promise(() => pool.add(new Blob(['one']), { name: 'f' }))
        const twin = yield* promise(() => pool.add(new Blob(['one']), { name: 'g' }))
        yield* promise(() => pool.replace(file.id, new Blob(['two'])))
        yield* promise(() => pool.remove(twin.id))
        yield* turns(20)
        yield* promise(() => pool.transfers.resume())
        const current = () => pool.files.get(file.id)!.remoteKey
        yield* advanceUntil(() => pool.log.remoteContent(current())?.stored === true)
        yield* advanceUntil(() => pool.log.remoteContent(file.remoteKey)?.stored === true)
      }),
    ))

  test('a restored file brings back the uploads of its versions', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const pool = yield* device.open()
        yield* promise(() => pool.transfers.pause())
        const file = yield* promise(() => pool.add(new Blob(['one'])))
        yield* promise(() => pool.replace(file.id, new Blob(['two'])))
        yield* promise(() => pool.remove(file.id))
        yield* promise(() => vi.waitFor(async () => expect(await device.index().keys('transfers')).toEqual([])))
        yield* promise(() => pool.restore(file.id))
        yield* promise(() => pool.transfers.resume())
        yield* advanceUntil(() => world.storage.objects.size === 2)
      }),
    ))
})

describe('a pin', () => {
  test('follows a replacement, and lets the former content go', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'b')
        const a = yield* memoryDevice(world, 'a').open()
        const b = yield* device.open()
        const file = yield* promise(() => a.add(new Blob(['one'])))
        yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
        yield* promise(() => b.pin(file.id))
        yield* until(b, () => b.transfers.status(file.id).onDevice)
        const replaced = yield* promise(() => a.replace(file.id, new Blob(['two!'])))
        yield* until(b, () => b.transfers.status(replaced).onDevice)
        const index = device.index()
        const pinned = async () => (await index.getAll('contents')).filter((row) => row.pinned).map(({ size }) => size)
        yield* promise(() => vi.waitFor(async () => expect(await pinned()).toEqual([4])))
        yield* promise(() => b.unpin(file.id))
        expect(yield* promise(pinned)).toEqual([])
      }),
    ))

  test('of one of two files with the same bytes leaves them pinned for the other', () =>
    run(
      Effect.gen(function* () {
        const device = memoryDevice(memoryWorld(), 'a')
        const pool = yield* device.open()
        const files = yield* Effect.forEach([1, 2], () => promise(() => pool.add(new Blob(['same']))))
        for (const { id } of files) yield* promise(() => pool.pin(id))
        yield* promise(() => pool.unpin(files[0]!.id))
        expect(yield* promise(() => pool.storage())).toMatchObject({ pinned: 4 })
        yield* promise(() => pool.unpin(files[1]!.id))
        expect(yield* promise(() => pool.storage())).toMatchObject({ pinned: 0 })
      }),
    ))

  test('of an older engine, which pinned bytes, becomes one of the files that have them', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const index = device.index()
        const scope = yield* Scope.make()
        const first = yield* device.open().pipe(Scope.extend(scope))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* until(first, () => first.transfers.status(file).state === 'stored')
        yield* finished(index)
        yield* Scope.close(scope, Exit.void)
        const older = ({ rowsVersion: _, reconcile: __, ...row }: EngineRow): EngineRow => row
        yield* promise(() =>
          index.write([
            change('contents', addressOfKey(file.remoteKey), (row) => row && { ...row, pinned: true }),
            change('engine', 'engine', (row) => row && older(row)),
          ]),
        )
        const pool = yield* device.open()
        yield* finished(index)
        expect(yield* promise(() => index.keys('pins'))).toEqual([file.id])
        expect(yield* promise(() => pool.storage())).toMatchObject({ pinned: 4 })
      }),
    ))

  test('comes, also when its content is stored between the 404 and its note', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'b')
        const a = yield* memoryDevice(world, 'a').open()
        yield* promise(() => a.transfers.pause())
        // The disk of b is slow with the one write that notes the failed download.
        const index = device.index()
        const stored = Promise.withResolvers<void>()
        const reached = Promise.withResolvers<void>()
        const slow: LocalIndex = {
          ...index,
          async write(steps, options) {
            const isNote = options?.epoch !== undefined && steps.length === 1 && steps[0]!.key?.startsWith('download:')
            if (isNote) {
              reached.resolve()
              await stored.promise
            }
            return index.write(steps, options)
          },
        }
        const b = yield* device.open({ index: slow })
        const file = yield* promise(() => a.add(new Blob(['reef'])))
        yield* until(b, () => b.files.get(file.id) !== undefined)
        yield* promise(() => b.pin(file.id))
        yield* promise(() => reached.promise)
        yield* promise(() => a.transfers.resume())
        yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
        yield* turns(50)
        stored.resolve()
        yield* until(b, () => b.transfers.status(file.id).state === 'stored')
      }),
    ))
})

test('a file removed and restored while the leading tab hears late of index writes is uploaded all the same', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.offline = true
      const device = memoryDevice(world, 'a')
      // The leader's index tells of other tabs' writes late, as BroadcastChannel and a busy page may.
      const held: (() => void)[] = []
      let isLate = true
      const index = device.index()
      const late: LocalIndex = {
        ...index,
        subscribe: (listener) =>
          index.subscribe((keys) => (isLate ? void held.push(() => listener(keys)) : listener(keys))),
      }
      const leader = yield* device.open({ index: late })
      yield* promise(() => vi.waitFor(async () => expect(await index.get('engine', 'engine')).toBeDefined()))
      const follower = yield* device.open()
      const uploads = async () => (await index.getAll('transfers')).filter(({ direction }) => direction === 'upload')

      const file = yield* promise(() => follower.add(new Blob(['reef'])))
      yield* promise(() => follower.remove(file.id))
      yield* promise(() => vi.waitFor(async () => expect(await uploads()).toEqual([])))
      yield* promise(() => follower.restore(file.id))
      yield* promise(() => vi.waitFor(async () => expect(await uploads()).toHaveLength(1)))

      isLate = false
      for (const notify of held) notify()
      world.storage.faults.offline = false
      yield* advanceUntil(() => world.storage.objects.has(file.remoteKey))
      yield* until(leader, () => leader.transfers.status(file.id).state === 'stored')
    }),
  ))

test('content that a user of an owner bucket may not name yet does not stop a pass', () =>
  run(
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

test('a pass that fails holds up no upload, and is tried again', () =>
  run(
    Effect.gen(function* () {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const index = device.index()
      let isBroken = true
      const pool = yield* device.open({
        index,
        platform: { ...webPlatform },
        blobs: {
          ...device.blobs,
          list: () => (isBroken ? Promise.reject(new Error('the disk fails')) : device.blobs.list()),
        },
      })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      isBroken = false
      yield* minutes(6)
      yield* finished(index)
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
