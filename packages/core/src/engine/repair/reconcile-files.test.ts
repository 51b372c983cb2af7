/** Reconciling versions, pins and restored files. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import { describe, expect, test } from 'vitest'
import { change, type EngineRow, type LocalIndex } from '../../ports/local-index.ts'
import { advanceUntil, memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { eventually, passFinished, promise, runWithTestClock, turns } from '../../testing/test-effects.ts'

describe('versions', () => {
  test('uploads a kept version although another file with the same bytes was removed', () =>
    runWithTestClock(
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

  test('queues the uploads of all versions when a file is restored', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const pool = yield* device.open()
        yield* promise(() => pool.transfers.pause())
        const file = yield* promise(() => pool.add(new Blob(['one'])))
        yield* promise(() => pool.replace(file.id, new Blob(['two'])))
        yield* promise(() => pool.remove(file.id))
        yield* eventually(async () => expect(await device.index().keys('transfers')).toEqual([]))
        yield* promise(() => pool.restore(file.id))
        yield* promise(() => pool.transfers.resume())
        yield* advanceUntil(() => world.storage.objects.size === 2)
      }),
    ))
})

describe('a pin', () => {
  test('follows a replacement, and unpins the former content', () =>
    runWithTestClock(
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
        yield* eventually(async () => expect(await pinned()).toEqual([4]))
        yield* promise(() => b.unpin(file.id))
        expect(yield* promise(pinned)).toEqual([])
      }),
    ))

  test('stays on shared bytes while another file is pinned', () =>
    runWithTestClock(
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

  test('of an older engine becomes a pin of each file with the bytes', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const index = device.index()
        const scope = yield* Scope.make()
        const first = yield* device.open().pipe(Scope.extend(scope))
        const file = yield* promise(() => first.add(new Blob(['reef'])))
        yield* until(first, () => first.transfers.status(file).state === 'stored')
        yield* passFinished(index)
        yield* Scope.close(scope, Exit.void)
        const older = ({ rowsVersion: _, reconcile: __, ...row }: EngineRow): EngineRow => row
        yield* promise(() =>
          index.write([
            change('contents', addressOfKey(file.remoteKey), (row) => row && { ...row, pinned: true }),
            change('engine', 'engine', (row) => row && older(row)),
          ]),
        )
        const pool = yield* device.open()
        yield* passFinished(index)
        expect(yield* promise(() => index.keys('pins'))).toEqual([file.id])
        expect(yield* promise(() => pool.storage())).toMatchObject({ pinned: 4 })
      }),
    ))

  test('is downloaded even if the content is stored between the 404 and its record', () =>
    runWithTestClock(
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

test('uploads a file that is removed and restored while the leader is notified late', () =>
  runWithTestClock(
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
      yield* eventually(async () => expect(await index.get('engine', 'engine')).toBeDefined())
      const follower = yield* device.open()
      const uploads = async () => (await index.getAll('transfers')).filter(({ direction }) => direction === 'upload')

      const file = yield* promise(() => follower.add(new Blob(['reef'])))
      yield* promise(() => follower.remove(file.id))
      yield* eventually(async () => expect(await uploads()).toEqual([]))
      yield* promise(() => follower.restore(file.id))
      yield* eventually(async () => expect(await uploads()).toHaveLength(1))

      isLate = false
      for (const notify of held) notify()
      world.storage.faults.offline = false
      yield* advanceUntil(() => world.storage.objects.has(file.remoteKey))
      yield* until(leader, () => leader.transfers.status(file.id).state === 'stored')
    }),
  ))
