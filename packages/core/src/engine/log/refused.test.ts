/** Changes that the sync server refuses, over the in-memory adapters: what the app sees, and what is on disk. */
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryRecordLog } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import type { PoolEventName } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import {
  OVER_QUOTA,
  refuseNames,
  takeAll,
  openTab,
  tabOf,
  addText,
  untilRefused,
} from '../../testing/refusing-backend.ts'
import { eventually, promise, run } from '../../testing/test-effects.ts'

test('removes a refused file from the list, reports it, and sets the sync state to refused', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      const file = yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({
        id: file.version,
        event: { name: 'v2.FileAdded', args: { id: file.id } },
        file: { id: file.id, name: 'reef.txt', size: 4, type: 'text/plain;charset=utf-8' },
        ...OVER_QUOTA,
        at: expect.any(Number),
      })
      expect(pool.sync.refused.list()).toBe(pool.sync.refused.list())
      expect(pool.sync.current).toEqual({
        state: 'refused',
        reason: { code: 'push_refused', message: OVER_QUOTA.message },
      })
      expect(errors).toEqual([
        { error: expect.objectContaining(OVER_QUOTA), file: expect.objectContaining({ id: file.id }), refused: change },
      ])
    }),
  ))

test('syncs the changes after a refused one', () =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(({ args }) =>
        'name' in args && args.name.startsWith('bad') ? OVER_QUOTA : undefined,
      )
      world.backend.disconnect('a')
      const files: FileRecord[] = []
      for (const name of ['1', 'bad 2', '3']) files.push(yield* addText(pool, name))
      yield* promise(() => pool.rename(files[0]!.id, 'renamed.txt'))
      const other = yield* tabOf(memoryDevice(world, 'b'))
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      const names = (of: Pool) =>
        of.files
          .list()
          .map(({ name }) => name)
          .toSorted()
      yield* until(other.pool, () => names(other.pool).includes('renamed.txt'))
      expect(names(other.pool)).toEqual(['3.txt', 'renamed.txt'])
      expect(names(pool)).toEqual(['3.txt', 'renamed.txt'])
      yield* until(pool, () => pool.files.list().every((file) => pool.transfers.status(file).state === 'stored'))
      yield* other.end
    }),
  ))

test.each<[PoolEventName, (pool: Pool, id: string) => Promise<unknown>, object]>([
  ['v2.FileRenamed', (pool, id) => pool.rename(id, 'shoal.txt'), { name: 'shoal.txt' }],
  ['v2.FileMetaSet', (pool, id) => pool.setMeta(id, { album: 'reef' }), { meta: { album: 'reef' } }],
  ['v2.FileDeleted', (pool, id) => pool.remove(id), { deletedAt: expect.any(Number) }],
  ['v2.FileContentReplaced', (pool, id) => pool.replace(id, new Blob(['other bytes'])), { size: 11 }],
])('rolls back a refused %s, and a retry makes it again', (name, edit, effect) =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(refuseNames(name))
      const file = yield* addText(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      yield* promise(() => edit(pool, file.id))
      yield* untilRefused(pool, 1)
      yield* until(pool, () => JSON.stringify(pool.log.file(file.id)) === JSON.stringify(file))
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({ event: { name }, file: { id: file.id, name: 'reef.txt' } })

      world.backend.refuse(takeAll)
      yield* promise(() => pool.sync.refused.retry(change!.id))
      expect(pool.sync.refused.list()).toEqual([])
      expect(pool.sync.current.state).toBe('online')
      expect(pool.log.file(file.id)).toMatchObject(effect)
      const isConfirmed = () => world.backend.confirmed.some(({ event }) => event.opId === change!.id)
      yield* eventually(() => expect(isConfirmed()).toBe(true))
    }),
  ),
)

test('keeps the first refused change when a second one comes, and emits one more error', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      yield* addText(pool, 'first')
      yield* untilRefused(pool, 1)
      const [first] = pool.sync.refused.list()
      yield* addText(pool, 'second')
      yield* untilRefused(pool, 2)
      expect(pool.sync.refused.list()[0]).toBe(first)
      expect(pool.sync.refused.list().map(({ file }) => file?.name)).toEqual(['first.txt', 'second.txt'])
      expect(errors.map(({ refused }) => refused?.file?.name)).toEqual(['first.txt', 'second.txt'])
    }),
  ))

test('reports the refusal of an offline change after the reconnect', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index } = yield* openTab(refuseNames('v2.FileAdded'))
      world.backend.disconnect('a')
      const file = yield* addText(pool, 'reef')
      expect(pool.files.get(file.id)).toEqual(file)
      expect(pool.sync.refused.list()).toEqual([])
      const served = (count: number) => eventually(async () => expect(await index.getAll('files')).toHaveLength(count))
      yield* served(1)
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      // The service worker has no file to answer for.
      yield* served(0)
      world.backend.disconnect('a')
      expect(pool.sync.current).toMatchObject({ state: 'refused', reason: { code: 'push_refused' } })
    }),
  ))

test('keeps a refused change after the tab ends, without a second append or error', () =>
  run(
    Effect.gen(function* () {
      const { pool, end, device, world } = yield* openTab(refuseNames('v2.FileAdded'))
      yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      const before = pool.sync.refused.list()
      yield* end
      world.backend.crash('a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const appended: string[] = []
      const next = yield* tabOf(device, {
        log: {
          ...log,
          append: (events: Parameters<typeof log.append>[0]) => {
            appended.push(...events.map((event) => event.name))
            log.append(events)
          },
        },
      })
      expect(next.pool.sync.refused.list()).toEqual(before)
      expect(next.pool.sync.current.state).toBe('refused')
      // Behind whatever the open replays.
      const later = yield* promise(() => next.pool.setMeta(before[0]!.file!.id, {}).catch((error: unknown) => error))
      expect(later).toMatchObject({ code: 'not_found' })
      yield* eventually(async () => expect((await device.index().get('engine', 'engine'))?.epoch).toBe(2))
      world.backend.refuse(takeAll)
      yield* addText(next.pool, 'marker')
      yield* until(next.pool, () => next.pool.log.remoteContent(next.pool.files.list()[0]!.remoteKey) !== undefined)
      expect(appended).toEqual(['v2.FileAdded', 'v2.ContentStored'])
      expect(next.errors).toEqual([])
      yield* next.end
    }),
  ))

test('reports a refusal that no tab received at the next open', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileAdded'))
      const device = memoryDevice(world, 'a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const deaf = yield* tabOf(device, { log: { ...log, refusals: () => () => {} } })
      const file = yield* addText(deaf.pool, 'reef')
      yield* until(deaf.pool, () => deaf.pool.files.get(file.id) === undefined)
      expect(deaf.pool.sync.refused.list()).toEqual([])
      yield* deaf.end
      const next = yield* tabOf(device)
      yield* untilRefused(next.pool, 1)
      expect(next.pool.sync.refused.list()[0]).toMatchObject({ id: file.version, file: { name: 'reef.txt' } })
      yield* until(next.pool, () => next.pool.files.get(file.id) === undefined)
      yield* next.end
    }),
  ))

test('shows refused changes in every tab, and lets each be resolved once', () =>
  run(
    Effect.gen(function* () {
      const { pool, device, world } = yield* openTab(refuseNames('v2.FileAdded'))
      const two = yield* tabOf(device)
      const file = yield* addText(two.pool, 'reef')
      for (const each of [pool, two.pool]) yield* untilRefused(each, 1)
      expect(two.errors).toHaveLength(1)
      expect(two.errors[0]).toMatchObject({ refused: { id: file.version } })
      world.backend.refuse(takeAll)
      const [discarded, retried] = yield* promise(() =>
        Promise.allSettled([pool.sync.refused.discard(file.version), two.pool.sync.refused.retry(file.version)]),
      )
      expect(discarded.status).toBe('fulfilled')
      expect(retried).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
      for (const each of [pool, two.pool]) yield* untilRefused(each, 0)
      expect(two.pool.files.get(file.id)).toBeUndefined()
      expect(two.pool.sync.current.state).toBe('online')
      yield* two.end
    }),
  ))

test('does not count the bytes of a refused file as evictable, even if another bucket has stored them', () =>
  run(
    Effect.gen(function* () {
      const buckets = { files: { access: 'store' }, photos: { access: 'store' } } as const
      const world = memoryWorld({ buckets })
      world.backend.refuse(({ args }) => ('name' in args && args.name === 'refused.txt' ? OVER_QUOTA : undefined))
      const { pool, end } = yield* tabOf(memoryDevice(world, 'a'), { buckets })
      const copy = yield* promise(() => pool.add(new Blob(['reef']), { bucket: 'photos' }))
      yield* until(pool, () => pool.transfers.status(copy).state === 'stored')
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 4 })
      yield* addText(pool, 'reef', 'refused.txt')
      yield* untilRefused(pool, 1)
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      yield* end
    }),
  ))

test('removes a refused change when a confirmation follows, and resumes its upload', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index } = yield* openTab(refuseNames('v2.FileAdded'))
      world.storage.faults.offline = true
      const file = yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      const [row] = yield* promise(() => index.getAll('outbox'))
      world.backend.refuse(takeAll)
      pool.log.append([row!.event])
      yield* untilRefused(pool, 0)
      world.storage.faults.offline = false
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      expect(world.storage.objects.has(file.remoteKey)).toBe(true)
    }),
  ))

test('marks 300 refusals that come together in one write', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index } = yield* openTab(refuseNames('v2.FileAdded', 'v2.ContentStored'))
      world.backend.disconnect('a')
      const names = Array.from({ length: 300 }, (_, i) => `${i}`)
      yield* promise(() => Promise.all(names.map((name) => pool.add(new Blob([name]), { name }))))
      let writes = 0
      index.subscribe((keys) => {
        if (keys.some(({ table, key }) => table === 'outbox' && key.startsWith('refused:'))) writes++
      })
      world.backend.connect('a')
      yield* untilRefused(pool, 300)
      expect(writes).toBe(1)
      expect(pool.sync.current.reason.message).toBe(`300 changes were not accepted. ${OVER_QUOTA.message}`)
      yield* until(pool, () => pool.files.list().length === 0)
    }),
  ))
