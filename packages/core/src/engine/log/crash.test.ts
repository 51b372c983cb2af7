/** Tabs that die, tabs that lead, and what the disk tells the next one. */
import { PART_SIZE } from '@rockpool/protocol'
import { Effect, Exit, Scope, TestClock, TestContext } from 'effect'
import { expect, test } from 'vitest'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { put } from '../../ports/local-index.ts'
import { memoryRecordLog } from '../../memory/index.ts'
import { activityChannel, reportActivity } from '../transfers/activity.ts'
import { type Send, sendByFetch } from '../transfers/http.ts'
import { instrument } from '../../testing/instrumented-device.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventually, promise, run } from '../../testing/test-effects.ts'

const turn = () => new Promise<void>((turned) => setImmediate(turned))

/** A tab in a scope of its own, so that it can be ended by itself. */
const tab = (device: ReturnType<typeof memoryDevice>, over = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const pool = yield* device.open(over).pipe(Scope.extend(scope))
    return { pool, end: Scope.close(scope, Exit.void) }
  })

test('a file whose event the log lost in a crash is there at the next open, and is uploaded (peer failure 8)', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.disconnect('a')
      world.storage.faults.offline = true
      const device = memoryDevice(world, 'a')
      const first = yield* tab(device)
      const file = yield* promise(() => first.pool.add(new Blob(['reef']), { name: 'reef.txt' }))
      yield* promise(() => first.pool.rename(file.id, 'shoal.txt'))
      yield* first.end
      world.backend.crash('a')
      const next = yield* tab(device)
      yield* until(next.pool, () => next.pool.files.get(file.id)?.name === 'shoal.txt')
      expect(next.pool.files.list()).toHaveLength(1)
      world.backend.connect('a')
      world.storage.faults.offline = false
      yield* promise(() => next.pool.transfers.retry(file.id))
      yield* until(next.pool, () => next.pool.transfers.status(file.id).state === 'stored')
      yield* next.end
    }),
  ))

test('a tab that dies while its PUT ends: the next one asks for it, and does not send it again', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld({ confirmUploads: true })
      const { fetch, objects, confirmed } = world.storage
      const device = memoryDevice(world, 'a')
      let puts = 0
      const send: Send = async (...args) => {
        puts++
        await sendByFetch(fetch)(...args)
        const { signal } = args[3]
        return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      }
      const dying = yield* tab(device, { send })
      const file = yield* promise(() => dying.pool.add(new Blob(['reef'])))
      yield* eventually(() => expect(objects.has(file.remoteKey)).toBe(true))
      yield* dying.end
      expect(confirmed).toEqual([])
      const next = yield* tab(device, { send })
      yield* until(next.pool, () => next.pool.transfers.status(file.id).state === 'stored')
      expect(confirmed).toEqual([file.remoteKey])
      expect(puts).toBe(1)
      yield* next.end
    }),
  ))

test('the outbox empties as the backend confirms', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const { pool, end } = yield* tab(device)
      const index = device.index()
      for (let i = 0; i < 20; i++) yield* promise(() => pool.add(new Blob([`${i}`])))
      yield* eventually(async () => expect(await index.getAll('outbox')).toEqual([]))
      expect((yield* promise(() => index.get('engine', 'engine')))?.confirmationCursor).not.toBeNull()
      yield* end
    }),
  ))

test('an event whose tab died before the log had it is appended by the tab that leads', () =>
  Effect.scoped(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const leader = yield* tab(device)
      yield* promise(() => leader.pool.add(new Blob(['one'])))
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const dying = yield* tab(device, { log: { ...log, append: () => {} } })
      const file = yield* promise(() => dying.pool.add(new Blob(['two'])))
      yield* dying.end
      yield* advanceUntil(() => leader.pool.files.get(file.id) !== undefined)
      expect(world.backend.confirmed.filter(({ event }) => event.name === 'v2.FileAdded')).toHaveLength(2)
      yield* leader.end
    }),
  ).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise))

test.each<[string, (id: string) => Omit<PoolEvent, 'opId'>]>([
  ['renamed', (id) => ({ name: 'v2.FileRenamed', args: { id, name: 'theirs.txt', at: 2 } })],
  ['removed', (id) => ({ name: 'v2.FileDeleted', args: { id, at: 2 } })],
])('an event that the outbox repeats after another device %s the file undoes nothing', (_, theirs) =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const a = yield* tab(device)
      const b = yield* tab(memoryDevice(world, 'b'))
      const file = yield* promise(() => a.pool.add(new Blob(['reef']), { name: 'mine.txt' }))
      const [row] = yield* promise(() => device.index().getAll('outbox'))
      yield* promise(() => a.pool.rename(file.id, 'second.txt'))
      yield* until(b.pool, () => b.pool.files.get(file.id)?.name === 'second.txt')
      b.pool.log.append([{ opId: crypto.randomUUID(), ...theirs(file.id) } as PoolEvent])
      const after = b.pool.log.file(file.id)
      yield* until(a.pool, () => JSON.stringify(a.pool.log.file(file.id)) === JSON.stringify(after))
      yield* a.end

      // A crash kept the outbox row although the backend had the event: replayed, and once more straight into the log.
      yield* promise(() => device.index().write([put('outbox', row!)]))
      const again = yield* tab(device)
      again.pool.log.append([row!.event])
      const marker = yield* promise(() => again.pool.add(new Blob(['marker'])))
      yield* until(b.pool, () => b.pool.files.get(marker.id) !== undefined)
      expect(again.pool.log.file(file.id)).toEqual(after)
      expect(b.pool.log.file(file.id)).toEqual(after)
      yield* again.end
      yield* b.end
    }),
  ),
)

test('one tab leads; when it ends the other finishes its upload from the part where it was', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const sent: string[] = []
      const counting = (who: string, holdAfter: number) => {
        const { fetch } = world.storage
        return async (
          url: string,
          headers: Record<string, string>,
          body: Blob,
          { signal }: { signal: AbortSignal },
        ) => {
          if (sent.filter((by) => by === who).length === holdAfter) {
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          }
          sent.push(who)
          const { status } = await fetch(url, { method: 'PUT', headers, body, signal })
          return { status, etag: null }
        }
      }
      const leader = yield* tab(device, { send: counting('leader', 2) })
      const follower = yield* tab(device, { send: counting('follower', 99) })
      const content = new Uint8Array(3 * PART_SIZE + 1)
      content[PART_SIZE] = 1
      content[2 * PART_SIZE] = 2
      const file = yield* promise(() => follower.pool.add(content))
      const { transfers } = follower.pool
      yield* until(
        follower.pool,
        () => transfers.status(file).bytes === 2 * PART_SIZE || transfers.status(file).bytes === PART_SIZE + 1,
      )
      expect(sent).toEqual(['leader', 'leader'])
      yield* leader.end
      yield* until(follower.pool, () => transfers.status(file).state === 'stored')
      expect(sent).toEqual(['leader', 'leader', 'follower', 'follower'])
      yield* follower.end
    }),
  ))

test('a leader that was superseded writes nothing any more', () =>
  run(
    Effect.gen(function* () {
      const device = memoryDevice(memoryWorld(), 'a')
      const index = device.index()
      yield* promise(() =>
        index.write([put('engine', { id: 'engine', epoch: 7, changeCursor: null, confirmationCursor: null })]),
      )
      const { end } = yield* tab(device)
      yield* eventually(async () => expect(await index.get('engine', 'engine')).toMatchObject({ epoch: 8 }))
      yield* promise(() => expect(index.write([], { epoch: 7 })).rejects.toMatchObject({ code: 'superseded' }))
      yield* end
    }),
  ))

test('a download whose tab or worker died does not go on for ever in the other tabs', () =>
  Effect.scoped(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'b')
      const a = yield* tab(memoryDevice(world, 'a'))
      const b = yield* tab(device)
      const file = yield* promise(() => a.pool.add(new Blob(['reef'])))
      yield* until(b.pool, () => b.pool.files.get(file.id) !== undefined)
      const worker = activityChannel(`${world.id}-b:${STORE_ID}`)
      reportActivity((message) => worker.postMessage(message), file.remoteKey, 'download', 4)
      yield* until(b.pool, () => b.pool.transfers.status(file).state === 'downloading')
      worker.close()
      yield* TestClock.adjust('59 seconds')
      expect(b.pool.transfers.status(file).state).toBe('downloading')
      yield* TestClock.adjust('1 second')
      expect(b.pool.transfers.status(file).state).toBe('remote')
      yield* a.end
      yield* b.end
    }),
  ).pipe(Effect.provide(TestContext.TestContext), Effect.runPromise))

test('two tabs see each other’s files and transfers', () =>
  run(
    Effect.gen(function* () {
      const device = memoryDevice(memoryWorld(), 'a')
      const one = yield* tab(device)
      const two = yield* tab(device)
      const file = yield* promise(() => two.pool.add(new Blob(['reef'])))
      yield* until(one.pool, () => one.pool.transfers.status(file).state === 'stored')
      yield* until(two.pool, () => two.pool.transfers.status(file).state === 'stored')
      expect(yield* promise(async () => (await one.pool.open(file.id)).text())).toBe('reef')
      yield* one.end
      yield* two.end
    }),
  ))

test.each([
  { step: 'before the transaction', keeps: 'nothing' },
  { step: 'after the transaction', keeps: 'all' },
  { step: 'after the append', keeps: 'all' },
] as const)('a tab that is killed $step of a group keeps $keeps of the group', (given) =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      // So that the log, too, forgets what was appended: LiveStore's commit is not durable when it returns.
      world.backend.disconnect('a')
      const device = memoryDevice(world, 'a')
      const killed = Promise.withResolvers<void>()
      let dead = false
      const die = () => {
        dead = true
        killed.resolve()
        return new Promise<never>(() => {})
      }
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const dying = instrument(
        { index: device.index(), log },
        {
          async beforeWrite(events) {
            // The first add goes alone; the others wait for their group meanwhile.
            while (events.length > 0 && (await device.blobs.list()).length < 20) await turn()
            await turn()
            if (dead || (given.step === 'before the transaction' && events.length > 1)) await die()
          },
          async afterWrite(events) {
            if (dead || (given.step === 'after the transaction' && events.length > 1)) await die()
          },
          beforeAppend: () => !dead,
        },
      )
      const append = (events: readonly PoolEvent[]) => {
        dying.log.append(events)
        if (given.step === 'after the append' && events.length > 1) void die()
      }
      // Its scope stays open: a killed tab tidies nothing up.
      const pool = yield* device
        .open({ index: dying.index, log: { ...dying.log, append } })
        .pipe(Scope.extend(yield* Scope.make()))
      yield* promise(() => pool.transfers.pause())
      const resolved: FileRecord[] = []
      for (let i = 0; i < 20; i++) {
        const add = pool.add(new Blob([`${i}`]), { name: `${i}.txt` })
        add.then((file) => !dead && resolved.push(file)).catch(() => {})
      }
      yield* promise(() => killed.promise)
      expect(resolved).toHaveLength(1)
      const kept = dying.transactions.reduce((count, { events }) => count + events.length, 0)
      if (given.keeps === 'nothing') expect(kept).toBe(1)
      else expect(kept).toBeGreaterThan(2)

      world.backend.crash('a')
      // Locks of its own: those of a killed tab are free.
      const next = yield* tab(device, { device: 'after the crash' })
      const files = () => next.pool.files.list()
      yield* until(next.pool, () => files().length >= kept)
      const last = yield* promise(() => next.pool.add(new Blob(['last']), { name: 'last.txt' }))
      expect(files().map(({ id }) => id)).toEqual(expect.arrayContaining(resolved.map(({ id }) => id)))
      expect(new Set(files().map(({ name }) => name)).size).toBe(kept + 1)
      expect(files()).toHaveLength(kept + 1)
      for (const file of files()) {
        expect(yield* promise(async () => (await next.pool.open(file)).size)).toBe(file.size)
      }
      world.backend.connect('a')
      yield* promise(() => next.pool.transfers.resume())
      yield* until(next.pool, () => files().every((file) => next.pool.transfers.status(file).state === 'stored'))
      expect(files().map(({ id }) => id)).toContain(last.id)
      yield* next.end
    }),
  ),
)

test('an outbox of several pages is replayed in batches, without the event that the log refuses', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.backend.disconnect('a')
      const device = memoryDevice(world, 'a')
      const first = yield* tab(device)
      const names = Array.from({ length: 250 }, (_, i) => `${i}.txt`)
      yield* promise(() => Promise.all(names.map((name) => first.pool.add(new Blob(['reef']), { name }))))
      yield* first.end
      world.backend.crash('a')
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const isBad = ({ args }: PoolEvent) => 'name' in args && args.name === '7.txt'
      const ports = instrument(
        { index: device.index(), log },
        {
          beforeAppend(events) {
            if (events.some((event) => isBad(event))) throw new Error('This event cannot be encoded.')
          },
        },
      )
      const next = yield* tab(device, ports)
      yield* until(next.pool, () => next.pool.files.list({ limit: 1_000 }).length === 249)
      // Without those of uploads that have ended by now.
      const sizes = ports.appends.map((events) => events.filter(({ name }) => name === 'v2.FileAdded').length)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
      // The page with the bad event is appended one by one, the other two whole.
      expect(sizes.filter((size) => size > 1)).toEqual([100, 50])
      yield* next.end
    }),
  ))
