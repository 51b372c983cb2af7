/** Discarding refused changes: which bytes go, and which stay. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryRecordLog, type MemorySigner } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import type { RecordLog, Refusal } from '../../ports/record-log.ts'
import type { PoolEvent } from '../../records/events.ts'
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

test('stops the upload of a refused file, and keeps its bytes until it is discarded', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index, isOnDisk } = yield* openTab(refuseNames('v2.FileAdded'))
      world.storage.faults.offline = true
      const file = yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      expect(yield* promise(() => index.getAll('transfers'))).toEqual([])
      world.storage.faults.offline = false
      world.backend.refuse(takeAll)
      const marker = yield* addText(pool, 'marker')
      yield* until(pool, () => pool.transfers.status(marker).state === 'stored')
      expect([...world.storage.objects.keys()]).toEqual([marker.remoteKey])
      expect(yield* isOnDisk(file)).toBe(true)
      expect(yield* promise(() => pool.storage())).toMatchObject({ used: 10, evictable: 6 })

      yield* promise(() => pool.sync.refused.discard(file.version))
      expect(yield* isOnDisk(file)).toBe(false)
      expect(pool.sync.refused.list()).toEqual([])
      expect(pool.sync.current.state).toBe('online')
      yield* eventually(async () => expect(await index.getAll('outbox')).toEqual([]))
      expect((yield* promise(() => index.getAll('contents'))).map(({ size }) => size)).toEqual([6])
    }),
  ))

test('does not upload a refused file that the log still has for a moment', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.disconnect('a')
      world.storage.faults.offline = true
      const device = memoryDevice(world, 'a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      let refuse: (refusal: Refusal) => void = () => {}
      const refusals: RecordLog['refusals'] = (listener) => {
        refuse = listener
        return () => {}
      }
      const { pool, end } = yield* tabOf(device, { log: { ...log, refusals } })
      const file = yield* addText(pool, 'reef')
      refuse({ opId: file.version, ...OVER_QUOTA })
      yield* untilRefused(pool, 1)
      const renamed: PoolEvent = { name: 'v2.FileRenamed', opId: 'later', args: { id: file.id, name: 'x.txt', at: 1 } }
      pool.log.append([renamed])
      const index = device.index()
      const served = async () => (await index.getAll('files')).map(({ name }) => name)
      yield* eventually(async () => expect(await served()).toEqual(['x.txt']))
      expect(yield* promise(() => index.getAll('transfers'))).toEqual([])
      yield* end
    }),
  ))

test.each<[string, (pool: Pool) => Promise<unknown>]>([
  ['another file', (pool) => pool.add(new Blob(['reef']), { name: 'copy.txt' })],
  [
    'a removed file, which can be restored,',
    async (pool) => {
      const { id } = await pool.add(new Blob(['reef']), { name: 'copy.txt' })
      await pool.remove(id)
    },
  ],
  [
    'a former version of a file',
    async (pool) => {
      const { id } = await pool.add(new Blob(['reef']), { name: 'copy.txt' })
      await pool.replace(id, new Blob(['atoll']))
    },
  ],
  ['a file of another bucket', (pool) => pool.add(new Blob(['reef']), { name: 'copy.txt', bucket: 'photos' })],
])('keeps the bytes of a discarded file that %s has', (_, addCopy) =>
  run(
    Effect.gen(function* () {
      const buckets = { files: { access: 'store' }, photos: { access: 'store' } } as const
      const world = memoryWorld({ buckets })
      const device = memoryDevice(world, 'a')
      world.backend.refuse(({ args }) => ('name' in args && args.name === 'refused.txt' ? OVER_QUOTA : undefined))
      const { pool, end } = yield* tabOf(device, { buckets })
      const file = yield* addText(pool, 'reef', 'refused.txt')
      yield* untilRefused(pool, 1)
      yield* promise(() => addCopy(pool))
      // Nothing but the log names the copy by then.
      const index = device.index()
      const waiting = async () => [...(await index.getAll('transfers')), ...(await index.getAll('outbox'))]
      yield* eventually(async () => expect(await waiting()).toHaveLength(1))
      yield* promise(() => pool.sync.refused.discard(file.version))
      expect(yield* promise(async () => (await device.blobs.open(addressOfKey(file.remoteKey)))?.text())).toBe('reef')
      expect(yield* promise(() => index.get('contents', addressOfKey(file.remoteKey)))).toMatchObject({ size: 4 })
      yield* end
    }),
  ),
)

test.each<[string, boolean, (storage: MemorySigner) => void]>([
  ['has them', false, () => {}],
  ['does not have them', true, ({ objects }) => objects.clear()],
  ['cannot be asked', true, ({ faults }) => void (faults.offline = true)],
])('keeps uploaded bytes of a discarded file unless object storage has them: it %s; kept: %s', (_, isKept, fault) =>
  run(
    Effect.gen(function* () {
      const { pool, world, isOnDisk } = yield* openTab(refuseNames('v2.FileAdded', 'v2.ContentStored'))
      world.backend.disconnect('a')
      const file = yield* addText(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      world.backend.connect('a')
      yield* untilRefused(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      fault(world.storage)
      yield* promise(() => pool.sync.refused.discard(file.version))
      expect(pool.sync.refused.list()).toEqual([])
      expect(yield* isOnDisk(file)).toBe(isKept)
    }),
  ),
)

test('removes all bytes when refused files are discarded together', () =>
  run(
    Effect.gen(function* () {
      const { pool, device, index } = yield* openTab(refuseNames('v2.FileAdded', 'v2.ContentStored'))
      const names = Array.from({ length: 20 }, (_, i) => `${i}`)
      yield* promise(() => Promise.all(names.map((name) => pool.add(new Blob([name]), { name }))))
      yield* untilRefused(pool, 20)
      const { list, discard } = pool.sync.refused
      yield* promise(() => Promise.all(list().map(({ id }) => discard(id))))
      expect(yield* promise(() => device.blobs.list())).toEqual([])
      expect(yield* promise(() => index.getAll('contents'))).toEqual([])
    }),
  ))

test('keeps the bytes of a discarded change while nobody is signed in and an owner bucket exists', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileAdded'))
      const device = memoryDevice(world, 'a')
      const { pool, end } = yield* tabOf(device, { buckets: { files: { access: 'store' }, own: { access: 'owner' } } })
      yield* Effect.addFinalizer(() => end)
      const file = yield* addText(pool, 'reef')
      yield* untilRefused(pool, 1)
      yield* promise(() => pool.sync.refused.discard(file.version))
      expect(pool.sync.refused.list()).toEqual([])
      // Whether a file in the space of some user names them is not known.
      expect(yield* promise(() => device.blobs.open(addressOfKey(file.remoteKey)))).toBeDefined()
    }),
  ))
