/** Many changes at once: how often the disk and the log are asked, and that each change fails or holds by itself. */
import { RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import { memoryRecordLog } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import { put } from '../../ports/local-index.ts'
import type { PoolEvent } from '../../records/events.ts'
import { type Faults, instrument, type InstrumentedPorts } from '../../testing/instrumented-device.ts'
import { memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { MAX_GROUP } from './next-group.ts'
import { promise, run } from '../../testing/test-effects.ts'

const turn = () => new Promise<void>((turned) => setImmediate(turned))

/** A pool without network that runs no transfers, so that every transaction is one of the test's own changes. */
const openIdle = (faults: Faults = {}) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    world.backend.disconnect('a')
    const device = memoryDevice(world, 'a')
    const ports = instrument({ index: device.index(), log: logOf(world) }, faults)
    const pool = yield* device.open(ports)
    yield* promise(() => pool.transfers.pause())
    yield* promise(settled(ports))
    return { world, device, pool, ports }
  })

const logOf = (world: ReturnType<typeof memoryWorld>) =>
  memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })

/** Waits until the leader has begun, then forgets what was counted. */
const settled = (ports: InstrumentedPorts) => async () => {
  for (let before = -1; before !== ports.reads + ports.transactions.length;) {
    before = ports.reads + ports.transactions.length
    for (let turns = 0; turns < 20; turns++) await turn()
  }
  ports.transactions.length = 0
  ports.appends.length = 0
  ports.reads = 0
}

const withEvents = ({ transactions }: InstrumentedPorts) => transactions.filter(({ events }) => events.length > 0)
const addMany = (pool: Pool, count: number, from = 0) =>
  Promise.allSettled(
    Array.from({ length: count }, (_, i) => pool.add(new Blob([`${from + i}`]), { name: `${from + i}` })),
  )
const names = (pool: Pool) => pool.files.list({ limit: 1_000 }).map(({ name }) => name)
const nameOf = (event: PoolEvent) => (event.name === 'v2.FileAdded' ? event.args.name : undefined)
const has = (events: readonly PoolEvent[], name: string) => events.some((event) => nameOf(event) === name)

/** Holds the next transaction until it is released. */
const gate = () => {
  let hold: Promise<void> | undefined
  let release = () => {}
  let arrived = () => {}
  return {
    beforeWrite: async (events: readonly PoolEvent[]) => {
      if (events.length === 0) return
      arrived()
      await hold
    },
    /** @returns when a write waits */
    hold(): Promise<void> {
      const held = Promise.withResolvers<void>()
      hold = held.promise
      release = held.resolve
      return new Promise((resolve) => (arrived = resolve))
    },
    release() {
      hold = undefined
      release()
    },
  }
}

test('a single add is one transaction and one append', () =>
  run(
    Effect.gen(function* () {
      const { pool, ports } = yield* openIdle()
      yield* promise(() => pool.add(new Blob(['reef'])))
      expect(withEvents(ports)).toHaveLength(1)
      expect(ports.appends).toHaveLength(1)
    }),
  ))

test('300 adds at once share transactions, appends and reads', () =>
  run(
    Effect.gen(function* () {
      // A real disk takes a moment, in which further adds arrive.
      const { pool, ports } = yield* openIdle({ beforeWrite: turn })
      yield* promise(() => addMany(pool, 300))
      expect(names(pool)).toHaveLength(300)
      // Before grouping: 301 transactions, 300 appends, 1,804 reads.
      expect(ports.transactions.length).toBeLessThanOrEqual(12)
      expect(ports.appends.length).toBeLessThanOrEqual(8)
      expect(ports.reads).toBeLessThanOrEqual(60)
      expect(Math.max(...ports.appends.map(({ length }) => length))).toBeLessThanOrEqual(MAX_GROUP)
    }),
  ))

test('a member that the disk refuses is rejected alone, and no row names it', () =>
  run(
    Effect.gen(function* () {
      const { pool, device } = yield* openIdle({
        async beforeWrite(events) {
          await turn()
          if (has(events, '17')) throw new RockpoolError('quota_exceeded', 'The disk is full.')
        },
      })
      const results = yield* promise(() => addMany(pool, 40))
      const rejected = results.flatMap((result, i) => (result.status === 'rejected' ? [[i, result.reason.code]] : []))
      expect(rejected).toEqual([[17, 'quota_exceeded']])
      expect(names(pool)).toHaveLength(39)
      expect(yield* promise(() => device.index().getAll('outbox'))).toHaveLength(39)
      expect(yield* promise(() => device.index().getAll('contents'))).toHaveLength(39)
    }),
  ))

test('a transaction that fails although it was written leaves one outbox row for each event', () =>
  run(
    Effect.gen(function* () {
      const { beforeWrite, hold, release } = gate()
      let failures = 0
      const afterWrite = async (events: readonly PoolEvent[]) => {
        if (events.length > 1 && failures++ === 0) throw new RockpoolError('disk_failed', 'The disk fails.')
      }
      const { device, pool } = yield* openIdle({ beforeWrite, afterWrite })
      const file = yield* promise(() => pool.add(new Blob(['one'])))
      void hold()
      const changes = [1, 2, 3, 4].map((depth) => pool.setMeta(file.id, { depth }))
      yield* promise(turn)
      release()
      yield* promise(() => Promise.all(changes))
      expect(failures).toBe(1)
      expect(yield* promise(() => device.index().keys('outbox'))).toHaveLength(1 + changes.length)
    }),
  ))

test('a member that the log refuses is rejected alone, and is not in the outbox', () =>
  run(
    Effect.gen(function* () {
      const { pool, device } = yield* openIdle({
        beforeWrite: turn,
        beforeAppend(events) {
          if (has(events, '17')) throw new Error('This event cannot be encoded.')
        },
      })
      const results = yield* promise(() => addMany(pool, 40))
      expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([17])
      expect(names(pool)).toHaveLength(39)
      const outbox = yield* promise(() => device.index().getAll('outbox'))
      expect(outbox.map(({ event }) => nameOf(event))).not.toContain('17')
      expect(outbox).toHaveLength(39)
      expect(yield* promise(() => device.index().getAll('transfers'))).toHaveLength(39)
      // Its content may stay while other adds are under way. A failure without others removes it.
      const [alone] = yield* promise(() => addMany(pool, 1, 17))
      expect(alone!.status).toBe('rejected')
      expect(yield* promise(() => device.index().getAll('contents'))).toHaveLength(39)
      expect(yield* promise(() => device.blobs.list())).toHaveLength(39)
    }),
  ))

test('a log that returns without applying rejects nothing and loses nothing: the outbox has the change', () =>
  run(
    Effect.gen(function* () {
      let applies = false
      const { world, device, pool } = yield* openIdle({ beforeAppend: () => applies })
      const errors: string[] = []
      pool.on('error', ({ error, file }) => errors.push(`${error.code} ${file?.name}`))
      const file = yield* promise(() => pool.add(new Blob(['reef']), { name: 'reef.txt' }))
      expect(pool.files.get(file.id)).toBeUndefined()
      expect(errors).toEqual(['closed reef.txt'])
      applies = true
      const next = yield* device.open({ log: logOf(world), device: 'after a reload' })
      yield* until(next, () => next.files.get(file.id) !== undefined)
      expect(next.files.get(file.id)).toEqual(file)
    }),
  ))

test('a log that is shut down rejects an add before anything of it is kept', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const log = logOf(world)
      let shutDown = false
      const pool = yield* device.open({
        log: {
          ...log,
          file(id) {
            if (shutDown) throw new RockpoolError('closed', 'The store was shut down.')
            return log.file(id)
          },
        },
      })
      shutDown = true
      const added = yield* promise(() => pool.add(new Blob(['reef'])).catch((error: unknown) => error))
      expect(added).toMatchObject({ code: 'closed' })
      expect(yield* promise(() => device.index().getAll('outbox'))).toEqual([])
      expect(yield* promise(() => device.blobs.list())).toEqual([])
    }),
  ))

test('ifMatch sees the earlier members of its group', () =>
  run(
    Effect.gen(function* () {
      const { beforeWrite, hold, release } = gate()
      const { pool, ports, device } = yield* openIdle({ beforeWrite })
      const file = yield* promise(() => pool.add(new Blob(['one'])))
      void hold()
      const renamed = pool.rename(file.id, 'cape.txt')
      const replaced = ['two', 'three'].map((text) =>
        pool.replace(file.id, new Blob([text]), { ifMatch: file.version }),
      )
      const results = Promise.allSettled(replaced)
      // Both wait for the transaction of the rename to end. Which of them came first is up to their hashing.
      while ((yield* promise(() => device.blobs.list())).length < 3) yield* promise(turn)
      yield* promise(turn)
      release()
      yield* promise(() => renamed)
      const statuses = (yield* promise(() => results)).map((result) =>
        result.status === 'rejected' ? result.reason.code : result.status,
      )
      expect(statuses.toSorted()).toEqual(['fulfilled', 'precondition_failed'])
      expect(withEvents(ports).map(({ events }) => events.length)).toEqual([1, 1, 1])
      expect(pool.versions(file.id)).toHaveLength(2)
      expect(pool.files.get(file.id)).toMatchObject({ name: 'cape.txt' })
      expect(yield* promise(() => device.index().getAll('contents'))).toHaveLength(2)
    }),
  ))

test('changes of one file in one group return the file as each leaves it', () =>
  run(
    Effect.gen(function* () {
      const { beforeWrite, hold, release } = gate()
      const { pool } = yield* openIdle({ beforeWrite })
      const file = yield* promise(() => pool.add(new Blob(['one'])))
      void hold()
      const first = pool.setMeta(file.id, { depth: 1 })
      const changes = [pool.rename(file.id, 'cape.txt'), pool.setMeta(file.id, { depth: 3 })]
      yield* promise(turn)
      release()
      yield* promise(() => first)
      const [renamed, described] = yield* promise(() => Promise.all(changes))
      expect(renamed).toMatchObject({ name: 'cape.txt', meta: { depth: 1 } })
      expect(described).toMatchObject({ name: 'cape.txt', meta: { depth: 3 } })
    }),
  ))

test('an add that is aborted while it waits for its group leaves nothing behind', () =>
  run(
    Effect.gen(function* () {
      const { beforeWrite, hold, release } = gate()
      const { pool, device, ports } = yield* openIdle({ beforeWrite })
      const first = yield* promise(() => pool.add(new Blob(['one'])))
      void hold()
      const renamed = pool.rename(first.id, 'cape.txt')
      const stop = new AbortController()
      const added = pool.add(new Blob(['two']), { signal: stop.signal }).catch((error: unknown) => error)
      while ((yield* promise(() => device.blobs.list())).length < 2) yield* promise(turn)
      yield* promise(turn)
      stop.abort()
      release()
      expect(yield* promise(() => added)).toMatchObject({ code: 'aborted' })
      yield* promise(() => renamed)
      // Commits are made in order: this one comes after whatever still waits.
      yield* promise(() => pool.rename(first.id, 'shoal.txt'))
      expect(names(pool)).toEqual(['shoal.txt'])
      expect(yield* promise(() => device.blobs.list())).toHaveLength(1)
      expect(withEvents(ports)).toHaveLength(3)
    }),
  ))

test('an add or replace that is aborted while its event is written is made, and resolves', () =>
  run(
    Effect.gen(function* () {
      const { beforeWrite, hold, release } = gate()
      const { pool } = yield* openIdle({ beforeWrite })
      const first = yield* promise(() => pool.add(new Blob(['one'])))
      const added: string[] = []
      pool.on('added', ({ name }) => added.push(name))
      for (const change of [
        (signal: AbortSignal) => pool.add(new Blob(['two']), { name: 'two.txt', signal }),
        (signal: AbortSignal) => pool.replace(first.id, new Blob(['three']), { signal }),
      ]) {
        const held = hold()
        const stop = new AbortController()
        const changed = change(stop.signal)
        yield* promise(() => held)
        stop.abort()
        yield* promise(turn)
        release()
        const file = yield* promise(() => changed)
        expect(pool.files.get(file.id)).toEqual(file)
      }
      expect(added).toEqual(['two.txt'])
      expect(pool.files.get(first.id)!.remoteKey).not.toBe(first.remoteKey)
    }),
  ))

test('a leader’s fenced commits never share a transaction with a person’s changes', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const ports = instrument({ index: device.index(), log: logOf(world) }, { beforeWrite: turn })
      const pool = yield* device.open(ports)
      yield* promise(() => addMany(pool, 30))
      yield* promise(() => addMany(pool, 30, 30))
      yield* until(pool, () => pool.files.list().every((file) => pool.transfers.status(file).state === 'stored'))
      const transactions = withEvents(ports)
      const fenced = transactions.filter(({ epoch }) => epoch !== undefined).flatMap(({ events }) => events)
      const own = transactions.filter(({ epoch }) => epoch === undefined).flatMap(({ events }) => events)
      expect(new Set(fenced.map(({ name }) => name))).toEqual(new Set(['v2.ContentStored']))
      expect(new Set(own.map(({ name }) => name))).toEqual(new Set(['v2.FileAdded']))
      expect([fenced.length, own.length]).toEqual([60, 60])
    }),
  ))

test('a superseded leader’s commit fails and a person’s change beside it holds', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const { signer } = world.storage
      const mayUpload = Promise.withResolvers<void>()
      const asked = Promise.withResolvers<void>()
      const ports = instrument({ index: device.index(), log: logOf(world) })
      const pool = yield* device.open({
        ...ports,
        signer: {
          ...signer,
          async uploadUrl(...args) {
            asked.resolve()
            await mayUpload.promise
            return signer.uploadUrl(...args)
          },
        },
      })
      yield* promise(() => pool.add(new Blob(['one'])))
      yield* promise(() => asked.promise)
      const later = { id: 'engine', epoch: 99, changeCursor: null, confirmationCursor: null } as const
      yield* promise(() => device.index().write([put('engine', later)]))
      mayUpload.resolve()
      yield* promise(() => pool.add(new Blob(['two']), { name: 'two' }))
      yield* promise(turn)
      expect(names(pool)).toContain('two')
      expect(withEvents(ports).every(({ epoch }) => epoch === undefined)).toBe(true)
    }),
  ))
