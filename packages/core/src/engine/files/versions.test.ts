/** Former contents of a file: opened by their versions, and told of when they are in conflict. */
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import type { Pool, PoolEvents } from '../../pool.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { eventually, promise, run } from '../../testing/test-effects.ts'

const textOf = async (blob: Promise<Blob>) => (await blob).text()
const conflictsOf = (pool: Pool) => {
  const conflicts: PoolEvents['conflict'][] = []
  pool.on('conflict', (conflict) => void conflicts.push(conflict))
  return conflicts
}

/** A file that `a` has replaced once, and that `b` knows of. */
const replaced = Effect.gen(function* () {
  const world = memoryWorld()
  const a = yield* memoryDevice(world, 'a').open()
  const b = yield* memoryDevice(world, 'b').open()
  const file = yield* promise(() => a.add(new Blob(['first'], { type: 'text/plain' }), { name: 'reef.txt' }))
  yield* promise(() => a.replace(file.id, new Blob(['second'])))
  const [second, first] = a.versions(file.id) as [ReturnType<Pool['versions']>[0], ReturnType<Pool['versions']>[0]]
  for (const { remoteKey } of [first, second]) yield* until(b, () => b.log.remoteContent(remoteKey)?.stored === true)
  return { world, a, b, file, first: first!, second: second! }
})

describe('a version', () => {
  test('is opened as it is, and by its id, also without a network when its bytes are here', () =>
    run(
      Effect.gen(function* () {
        const { world, a, b, first, second } = yield* replaced
        yield* promise(async () => {
          expect(await textOf(b.open(first))).toBe('first')
          expect((await b.open(first)).type).toBe('text/plain;charset=utf-8')
          world.storage.faults.offline = true
          for (const version of [first, first.id]) {
            for (const pool of [a, b]) {
              expect(await textOf(pool.open(version))).toBe('first')
              expect(await new Response(await pool.stream(version)).text()).toBe('first')
            }
          }
          expect(await textOf(a.open(second.id))).toBe('second')
          await expect(b.open(second)).rejects.toMatchObject({ code: 'offline' })
        })
      }),
    ))

  test('has a status and a URL of its own', () =>
    run(
      Effect.gen(function* () {
        const { b, file, first } = yield* replaced
        yield* promise(() => b.open(first.id))
        for (const reference of [first, first.id]) {
          expect(b.transfers.status(reference)).toMatchObject({ state: 'stored', onDevice: true, total: 5 })
          expect(b.url(reference)).toBe(`/rockpool/c/${first.remoteKey}/reef.txt?type=text%2Fplain%3Bcharset%3Dutf-8`)
        }
        expect(b.transfers.status(file.id)).toMatchObject({ onDevice: false, total: 6 })
        expect(b.url(file.id)).toBe(`/rockpool/f/reef/${file.id}/reef.txt`)
        expect(b.url('yet-to-come')).toBe('/rockpool/f/reef/yet-to-come/file')
      }),
    ))

  test('that does not exist, or whose file was removed, is not found by its id', () =>
    run(
      Effect.gen(function* () {
        const { a, file, first } = yield* replaced
        yield* promise(async () => {
          await expect(a.open('nothing')).rejects.toMatchObject({ code: 'not_found' })
          await a.remove(file.id)
          await expect(a.open(first.id)).rejects.toMatchObject({ code: 'not_found' })
          expect(await textOf(a.open(first))).toBe('first')
        })
      }),
    ))
})

describe('conflict', () => {
  test('is emitted once on each device when two replace a file without having seen each other', () =>
    run(
      Effect.gen(function* () {
        const { world, a, b, file, second } = yield* replaced
        const [atA, atB] = [conflictsOf(a), conflictsOf(b)]
        world.backend.disconnect('b')
        yield* promise(() => b.replace(file.id, new Blob(['by b'])))
        const byA = yield* promise(() => a.replace(file.id, new Blob(['by a'])))
        expect([...atA, ...atB]).toEqual([])
        world.backend.connect('b')
        yield* eventually(() => expect([atA.length, atB.length]).toEqual([1, 1]))
        for (const [pool, [conflict]] of [
          [a, atA],
          [b, atB],
        ] as const) {
          expect(conflict!.version).toMatchObject({ id: byA.version, conflict: true })
          expect(conflict!.file).toMatchObject({ id: file.id, size: 4 })
          yield* until(pool, () => pool.log.remoteContent(byA.remoteKey)?.stored === true)
          expect(yield* promise(() => textOf(pool.open(conflict!.version)))).toBe('by a')
        }
        // Later changes of the file are no conflicts, nor is a tab that opens now told of it.
        yield* promise(() => a.rename(file.id, 'atoll.txt'))
        yield* promise(() => a.replace(file.id, new Blob(['in peace'])))
        yield* until(b, () => b.files.get(file.id)?.size === 8)
        expect([atA.length, atB.length]).toEqual([1, 1])
        expect(second.conflict).toBe(false)
      }),
    ))

  test('of another time is not told to a device that opens the store for the first time', () =>
    run(
      Effect.gen(function* () {
        const { world, a, b, file } = yield* replaced
        world.backend.disconnect('b')
        yield* promise(() => b.replace(file.id, new Blob(['by b'])))
        yield* promise(() => a.replace(file.id, new Blob(['by a'])))
        world.backend.connect('b')
        const c = yield* memoryDevice(world, 'c').open()
        const conflicts = conflictsOf(c)
        yield* until(c, () => c.versions(file.id).length === 4)
        yield* promise(() => a.rename(file.id, 'atoll.txt'))
        yield* until(c, () => c.files.get(file.id)?.name === 'atoll.txt')
        expect(conflicts).toEqual([])
      }),
    ))
})

describe('downloaded', () => {
  test('is emitted in every tab of the device, when the content is on its disk', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'b')
        const a = yield* memoryDevice(world, 'a').open()
        const [one, two] = [yield* device.open(), yield* device.open()]
        const file = yield* promise(() => a.add(new Blob(['reef'])))
        const copy = yield* promise(() => a.add(new Blob(['reef'])))
        const gone = yield* promise(() => a.add(new Blob(['reef'])))
        yield* promise(() => a.remove(gone.id))
        yield* until(
          one,
          () => one.log.remoteContent(file.remoteKey)?.stored === true && one.log.file(gone.id)?.deletedAt !== null,
        )
        const seen = [one, two].map((pool) => {
          const ids: string[] = []
          pool.on('downloaded', ({ id }) => {
            expect(pool.transfers.status(id).onDevice).toBe(true)
            ids.push(id)
          })
          return ids
        })
        yield* promise(() => one.open(file))
        const expected = [file.id, copy.id].toSorted()
        yield* eventually(() => expect(seen.map((ids) => ids.toSorted())).toEqual([expected, expected]))
        yield* promise(() => one.open(file))
        expect(seen[0]).toHaveLength(2)
      }),
    ))

  test('is not emitted for what was added here, or lay on the disk', () =>
    run(
      Effect.gen(function* () {
        const world = memoryWorld()
        const device = memoryDevice(world, 'a')
        const pool = yield* device.open()
        const ids: string[] = []
        pool.on('downloaded', ({ id }) => void ids.push(id))
        const file = yield* promise(() => pool.add(new Blob(['reef'])))
        yield* until(pool, () => pool.transfers.status(file).state === 'stored')
        yield* promise(() => pool.open(file))
        const b = memoryDevice(world, 'b')
        yield* promise(() => b.blobs.write(new Blob(['reef'])))
        const other = yield* b.open()
        other.on('downloaded', ({ id }) => void ids.push(id))
        yield* until(other, () => other.files.get(file.id) !== undefined)
        yield* promise(() => other.open(file.id))
        expect(ids).toEqual([])
      }),
    ))
})
