/** Changes that the sync server refuses, over the in-memory adapters: what the app sees, and what is on disk. */
import { addressOfKey, ownerOf } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import { expect, test, vi } from 'vitest'
import type { MemorySigner, RefuseEvent } from '../../memory/index.ts'
import { memoryRecordLog } from '../../memory/index.ts'
import type { Pool, PoolEvents } from '../../pool.ts'
import type { RecordLog, Refusal } from '../../ports/record-log.ts'
import type { PoolEvent, PoolEventName } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'

const promise = <A>(work: () => Promise<A>) => Effect.promise(work)
const run = <A, E>(program: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(program))

const OVER_QUOTA = { code: 'quota_exceeded', message: 'The store is full. Remove files, then try again.' }

/** Refuses events by these names. */
const refuseNames =
  (...names: PoolEventName[]): RefuseEvent =>
  ({ name }) =>
    names.includes(name) ? OVER_QUOTA : undefined
const takeAll: RefuseEvent = () => undefined

/** A tab in a scope of its own, so that it can be ended by itself, and the errors that it emits. */
const tab = (device: ReturnType<typeof memoryDevice>, over = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const pool = yield* device.open(over).pipe(Scope.extend(scope))
    const errors: PoolEvents['error'][] = []
    pool.on('error', (error) => errors.push(error))
    return { pool, errors, end: Scope.close(scope, Exit.void) }
  })

const openTab = (decide: RefuseEvent) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    world.backend.refuse(decide)
    const device = memoryDevice(world, 'a')
    const index = device.index()
    const opened = yield* tab(device)
    yield* Effect.addFinalizer(() => opened.end)
    const isOnDisk = ({ remoteKey }: FileRecord) =>
      promise(async () => (await device.blobs.open(addressOfKey(remoteKey))) !== undefined)
    return { world, device, index, isOnDisk, ...opened }
  })

/** Waits until so many changes are refused. */
const refusedCount = (pool: Pool, count: number) =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (pool.sync.refused.list().length !== count) return
      unsubscribe()
      resume(Effect.void)
    }
    const unsubscribe = pool.sync.refused.subscribe(look)
    look()
    return Effect.sync(unsubscribe)
  })

const add = (pool: Pool, text: string, name = `${text}.txt`) =>
  promise(() => pool.add(new Blob([text]), { name, type: 'text/plain' }))

test('a refused file leaves the list, is named with its facts, and sync is refused', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      const file = yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({
        id: file.version,
        event: { name: 'v2.FileAdded', args: { id: file.id } },
        file: { id: file.id, name: 'reef.txt', size: 4, type: 'text/plain' },
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

test('what is behind a refused change goes on', () =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(({ args }) =>
        'name' in args && args.name.startsWith('bad') ? OVER_QUOTA : undefined,
      )
      world.backend.disconnect('a')
      const files: FileRecord[] = []
      for (const name of ['1', 'bad 2', '3']) files.push(yield* add(pool, name))
      yield* promise(() => pool.rename(files[0]!.id, 'renamed.txt'))
      const other = yield* tab(memoryDevice(world, 'b'))
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
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
])('a refused %s is taken back on this device, and made by a retry', (name, edit, effect) =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(refuseNames(name))
      const file = yield* add(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      yield* promise(() => edit(pool, file.id))
      yield* refusedCount(pool, 1)
      yield* until(pool, () => JSON.stringify(pool.log.file(file.id)) === JSON.stringify(file))
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({ event: { name }, file: { id: file.id, name: 'reef.txt' } })

      world.backend.refuse(takeAll)
      yield* promise(() => pool.sync.refused.retry(change!.id))
      expect(pool.sync.refused.list()).toEqual([])
      expect(pool.sync.current.state).toBe('online')
      expect(pool.log.file(file.id)).toMatchObject(effect)
      const isConfirmed = () => world.backend.confirmed.some(({ event }) => event.opId === change!.id)
      yield* promise(() => vi.waitFor(() => expect(isConfirmed()).toBe(true)))
    }),
  ),
)

test('a second refused change leaves the first one as it is, and emits one more error', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      yield* add(pool, 'first')
      yield* refusedCount(pool, 1)
      const [first] = pool.sync.refused.list()
      yield* add(pool, 'second')
      yield* refusedCount(pool, 2)
      expect(pool.sync.refused.list()[0]).toBe(first)
      expect(pool.sync.refused.list().map(({ file }) => file?.name)).toEqual(['first.txt', 'second.txt'])
      expect(errors.map(({ refused }) => refused?.file?.name)).toEqual(['first.txt', 'second.txt'])
    }),
  ))

test('a change made offline is refused when the device is back', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index } = yield* openTab(refuseNames('v2.FileAdded'))
      world.backend.disconnect('a')
      const file = yield* add(pool, 'reef')
      expect(pool.files.get(file.id)).toEqual(file)
      expect(pool.sync.refused.list()).toEqual([])
      const served = (count: number) =>
        promise(() => vi.waitFor(async () => expect(await index.getAll('files')).toHaveLength(count)))
      yield* served(1)
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
      // The service worker has no file to answer for.
      yield* served(0)
      world.backend.disconnect('a')
      expect(pool.sync.current).toMatchObject({ state: 'refused', reason: { code: 'push_refused' } })
    }),
  ))

test('a refused change outlives the tab, is not appended again, and emits no second error', () =>
  run(
    Effect.gen(function* () {
      const { pool, end, device, world } = yield* openTab(refuseNames('v2.FileAdded'))
      yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      const before = pool.sync.refused.list()
      yield* end
      world.backend.crash('a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const appended: string[] = []
      const next = yield* tab(device, {
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
      yield* promise(() =>
        vi.waitFor(async () => expect((await device.index().get('engine', 'engine'))?.epoch).toBe(2)),
      )
      world.backend.refuse(takeAll)
      yield* add(next.pool, 'marker')
      yield* until(next.pool, () => next.pool.log.remoteContent(next.pool.files.list()[0]!.remoteKey) !== undefined)
      expect(appended).toEqual(['v2.FileAdded', 'v2.ContentStored'])
      expect(next.errors).toEqual([])
      yield* next.end
    }),
  ))

test('a refusal that was heard by no tab is heard at the next open', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileAdded'))
      const device = memoryDevice(world, 'a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const deaf = yield* tab(device, { log: { ...log, refusals: () => () => {} } })
      const file = yield* add(deaf.pool, 'reef')
      yield* until(deaf.pool, () => deaf.pool.files.get(file.id) === undefined)
      expect(deaf.pool.sync.refused.list()).toEqual([])
      yield* deaf.end
      const next = yield* tab(device)
      yield* refusedCount(next.pool, 1)
      expect(next.pool.sync.refused.list()[0]).toMatchObject({ id: file.version, file: { name: 'reef.txt' } })
      yield* until(next.pool, () => next.pool.files.get(file.id) === undefined)
      yield* next.end
    }),
  ))

test('every tab has the refused changes, and each can be resolved once', () =>
  run(
    Effect.gen(function* () {
      const { pool, device, world } = yield* openTab(refuseNames('v2.FileAdded'))
      const two = yield* tab(device)
      const file = yield* add(two.pool, 'reef')
      for (const each of [pool, two.pool]) yield* refusedCount(each, 1)
      expect(two.errors).toHaveLength(1)
      expect(two.errors[0]).toMatchObject({ refused: { id: file.version } })
      world.backend.refuse(takeAll)
      const [dropped, retried] = yield* promise(() =>
        Promise.allSettled([pool.sync.refused.drop(file.version), two.pool.sync.refused.retry(file.version)]),
      )
      expect(dropped.status).toBe('fulfilled')
      expect(retried).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
      for (const each of [pool, two.pool]) yield* refusedCount(each, 0)
      expect(two.pool.files.get(file.id)).toBeUndefined()
      expect(two.pool.sync.current.state).toBe('online')
      yield* two.end
    }),
  ))

test('a retried file is taken with its bytes, although object storage lost what it had', () =>
  run(
    Effect.gen(function* () {
      const { pool, index, world } = yield* openTab(takeAll)
      world.backend.disconnect('a')
      const file = yield* add(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      world.backend.refuse(refuseNames('v2.FileAdded'))
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
      // No file names it: the garbage collector of the signer removes it.
      world.storage.objects.clear()
      world.backend.refuse(takeAll)
      world.storage.faults.offline = true
      yield* promise(() => pool.sync.refused.retry(file.version))
      expect(pool.files.get(file.id)).toEqual(file)
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      world.storage.faults.offline = false
      yield* promise(() => pool.transfers.retry(file))
      yield* promise(() => vi.waitFor(() => expect(world.storage.objects.has(file.remoteKey)).toBe(true)))
      yield* promise(() => vi.waitFor(async () => expect(await index.getAll('outbox')).toEqual([])))
    }),
  ))

test('a retry that is refused again comes back to the list', () =>
  run(
    Effect.gen(function* () {
      const { pool, errors } = yield* openTab(refuseNames('v2.FileAdded'))
      const file = yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      const [first] = pool.sync.refused.list()
      yield* promise(() => pool.sync.refused.retry(first!.id))
      yield* promise(() => vi.waitFor(() => expect(errors).toHaveLength(2)))
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      expect(pool.sync.refused.list()).toMatchObject([{ id: file.version }])
    }),
  ))

test('a retry with another name makes an event of its own', () =>
  run(
    Effect.gen(function* () {
      const { pool, index } = yield* openTab(({ args }) =>
        'name' in args && args.name === 'con.txt' ? { code: 'bad_name', message: 'Choose another name.' } : undefined,
      )
      const file = yield* add(pool, 'con')
      yield* refusedCount(pool, 1)
      const bad = yield* promise(() =>
        pool.sync.refused.retry(file.version, { name: 'a/b' }).catch((error: unknown) => error),
      )
      expect(bad).toMatchObject({ code: 'bad_name' })
      expect(pool.sync.refused.list()).toHaveLength(1)
      yield* promise(() => pool.sync.refused.retry(file.version, { name: 'console.txt' }))
      yield* until(pool, () => pool.files.get(file.id)?.name === 'console.txt')
      expect(pool.files.get(file.id)!.version).not.toBe(file.version)
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      yield* promise(() => vi.waitFor(async () => expect(await index.getAll('outbox')).toEqual([])))
      expect(pool.sync.current.state).toBe('online')
    }),
  ))

test('a file that was renamed before it was refused comes back by its last name', () =>
  run(
    Effect.gen(function* () {
      const { pool, world } = yield* openTab(refuseNames('v2.FileAdded'))
      world.backend.disconnect('a')
      const file = yield* add(pool, 'reef')
      yield* promise(() => pool.rename(file.id, 'shoal.txt'))
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
      expect(pool.sync.refused.list()[0]!.file!.name).toBe('shoal.txt')
      world.backend.refuse(takeAll)
      yield* promise(() => pool.sync.refused.retry(file.version))
      yield* until(pool, () => pool.files.get(file.id)?.name === 'shoal.txt')
    }),
  ))

test('the upload of a refused file stops, and its bytes stay until it is dropped', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index, isOnDisk } = yield* openTab(refuseNames('v2.FileAdded'))
      world.storage.faults.offline = true
      const file = yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      expect(yield* promise(() => index.getAll('transfers'))).toEqual([])
      world.storage.faults.offline = false
      world.backend.refuse(takeAll)
      const marker = yield* add(pool, 'marker')
      yield* until(pool, () => pool.transfers.status(marker).state === 'stored')
      expect([...world.storage.objects.keys()]).toEqual([marker.remoteKey])
      expect(yield* isOnDisk(file)).toBe(true)
      expect(yield* promise(() => pool.storage())).toMatchObject({ used: 10, evictable: 6 })

      yield* promise(() => pool.sync.refused.drop(file.version))
      expect(yield* isOnDisk(file)).toBe(false)
      expect(pool.sync.refused.list()).toEqual([])
      expect(pool.sync.current.state).toBe('online')
      yield* promise(() => vi.waitFor(async () => expect(await index.getAll('outbox')).toEqual([])))
      expect((yield* promise(() => index.getAll('contents'))).map(({ size }) => size)).toEqual([6])
    }),
  ))

test('a refused file that the log still has for a moment is not uploaded', () =>
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
      const { pool, end } = yield* tab(device, { log: { ...log, refusals } })
      const file = yield* add(pool, 'reef')
      refuse({ opId: file.version, ...OVER_QUOTA })
      yield* refusedCount(pool, 1)
      const renamed: PoolEvent = { name: 'v2.FileRenamed', opId: 'later', args: { id: file.id, name: 'x.txt', at: 1 } }
      pool.log.append([renamed])
      const index = device.index()
      const served = async () => (await index.getAll('files')).map(({ name }) => name)
      yield* promise(() => vi.waitFor(async () => expect(await served()).toEqual(['x.txt'])))
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
])('dropping a refused file keeps the bytes that %s has', (_, addCopy) =>
  run(
    Effect.gen(function* () {
      const buckets = { files: { access: 'store' }, photos: { access: 'store' } } as const
      const world = memoryWorld({ buckets })
      const device = memoryDevice(world, 'a')
      world.backend.refuse(({ args }) => ('name' in args && args.name === 'refused.txt' ? OVER_QUOTA : undefined))
      const { pool, end } = yield* tab(device, { buckets })
      const file = yield* add(pool, 'reef', 'refused.txt')
      yield* refusedCount(pool, 1)
      yield* promise(() => addCopy(pool))
      // Nothing but the log names the copy by then.
      const index = device.index()
      const waiting = async () => [...(await index.getAll('transfers')), ...(await index.getAll('outbox'))]
      yield* promise(() => vi.waitFor(async () => expect(await waiting()).toHaveLength(1)))
      yield* promise(() => pool.sync.refused.drop(file.version))
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
])('bytes of a dropped file that were uploaded once: object storage %s; kept: %s', (_, isKept, fault) =>
  run(
    Effect.gen(function* () {
      const { pool, world, isOnDisk } = yield* openTab(refuseNames('v2.FileAdded', 'v2.ContentStored'))
      world.backend.disconnect('a')
      const file = yield* add(pool, 'reef')
      yield* until(pool, () => pool.transfers.status(file).state === 'stored')
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
      yield* until(pool, () => pool.files.get(file.id) === undefined)
      fault(world.storage)
      yield* promise(() => pool.sync.refused.drop(file.version))
      expect(pool.sync.refused.list()).toEqual([])
      expect(yield* isOnDisk(file)).toBe(isKept)
    }),
  ),
)

test('refused files that are dropped together take all their bytes with them', () =>
  run(
    Effect.gen(function* () {
      const { pool, device, index } = yield* openTab(refuseNames('v2.FileAdded', 'v2.ContentStored'))
      const names = Array.from({ length: 20 }, (_, i) => `${i}`)
      yield* promise(() => Promise.all(names.map((name) => pool.add(new Blob([name]), { name }))))
      yield* refusedCount(pool, 20)
      const { list, drop } = pool.sync.refused
      yield* promise(() => Promise.all(list().map(({ id }) => drop(id))))
      expect(yield* promise(() => device.blobs.list())).toEqual([])
      expect(yield* promise(() => index.getAll('contents'))).toEqual([])
    }),
  ))

test('the bytes of a refused file are not evictable because another bucket has them in object storage', () =>
  run(
    Effect.gen(function* () {
      const buckets = { files: { access: 'store' }, photos: { access: 'store' } } as const
      const world = memoryWorld({ buckets })
      world.backend.refuse(({ args }) => ('name' in args && args.name === 'refused.txt' ? OVER_QUOTA : undefined))
      const { pool, end } = yield* tab(memoryDevice(world, 'a'), { buckets })
      const copy = yield* promise(() => pool.add(new Blob(['reef']), { bucket: 'photos' }))
      yield* until(pool, () => pool.transfers.status(copy).state === 'stored')
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 4 })
      yield* add(pool, 'reef', 'refused.txt')
      yield* refusedCount(pool, 1)
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      yield* end
    }),
  ))

test('a confirmation that comes after the refusal takes the change off the list, and the upload goes on', () =>
  run(
    Effect.gen(function* () {
      const { pool, world, index } = yield* openTab(refuseNames('v2.FileAdded'))
      world.storage.faults.offline = true
      const file = yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      const [row] = yield* promise(() => index.getAll('outbox'))
      world.backend.refuse(takeAll)
      pool.log.append([row!.event])
      yield* refusedCount(pool, 0)
      world.storage.faults.offline = false
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      expect(world.storage.objects.has(file.remoteKey)).toBe(true)
    }),
  ))

test('a retry that the token does not allow leaves the change on the list', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileDeleted'))
      let rights: readonly ('read' | 'write' | 'delete')[] = ['read', 'write', 'delete']
      const claims = () => ({ sub: 'ada', stores: { [STORE_ID]: rights } })
      const { pool, end } = yield* tab(memoryDevice(world, 'a'), { claims })
      const file = yield* add(pool, 'reef')
      yield* promise(() => pool.remove(file.id))
      yield* refusedCount(pool, 1)
      rights = ['read', 'write']
      const [change] = pool.sync.refused.list()
      const error = yield* promise(() => pool.sync.refused.retry(change!.id).catch((reason: unknown) => reason))
      expect(error).toMatchObject({ code: 'forbidden' })
      expect(pool.sync.refused.list()).toEqual([change])
      yield* end
    }),
  ))

test('a file that another user added on this device is refused, and is the own one of who tries again', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      let user = 'ada'
      const segments = new Map(
        yield* promise(() => Promise.all(['ada', 'bob'].map(async (sub) => [sub, await ownerOf(sub)] as const))),
      )
      const message = 'Another user added this file on this device. Try again to add it as your own.'
      world.backend.refuse(({ args }) =>
        'owner' in args && args.owner !== segments.get(user) ? { code: 'forbidden', message } : undefined,
      )
      const claims = () => ({ sub: user, stores: { [STORE_ID]: ['read', 'write', 'delete'] as const } })
      const { pool, end } = yield* tab(memoryDevice(world, 'a'), { claims })
      world.backend.disconnect('a')
      const file = yield* add(pool, 'reef')
      expect(file.owner).toBe(segments.get('ada'))
      user = 'bob'
      world.backend.connect('a')
      yield* refusedCount(pool, 1)
      const [change] = pool.sync.refused.list()
      expect(change).toMatchObject({ code: 'forbidden', message, file: { id: file.id, owner: file.owner } })
      yield* promise(() => pool.sync.refused.retry(change!.id))
      yield* until(pool, () => pool.transfers.status(file.id).state === 'stored')
      expect(pool.files.get(file.id)?.owner).toBe(segments.get('bob'))
      expect(pool.sync.refused.list()).toEqual([])
      yield* end
    }),
  ))

test('300 refused files are 300 decisions and one write for all of them that come together', () =>
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
      yield* refusedCount(pool, 300)
      expect(writes).toBe(1)
      expect(pool.sync.current.reason.message).toBe(`300 changes were not accepted. ${OVER_QUOTA.message}`)
      yield* until(pool, () => pool.files.list().length === 0)
    }),
  ))

test('a change is dropped, and its bytes stay, while nobody is signed in and a bucket belongs to its users', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.refuse(refuseNames('v2.FileAdded'))
      const device = memoryDevice(world, 'a')
      const { pool, end } = yield* tab(device, { buckets: { files: { access: 'store' }, own: { access: 'owner' } } })
      yield* Effect.addFinalizer(() => end)
      const file = yield* add(pool, 'reef')
      yield* refusedCount(pool, 1)
      yield* promise(() => pool.sync.refused.drop(file.version))
      expect(pool.sync.refused.list()).toEqual([])
      // Whether a file in the space of some user names them is not known.
      expect(yield* promise(() => device.blobs.open(addressOfKey(file.remoteKey)))).toBeDefined()
    }),
  ))
