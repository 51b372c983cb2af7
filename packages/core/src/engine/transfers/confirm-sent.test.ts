/** An upload is stored when the signer saw it, not when something answered to the PUT. */
import type { UploadUrlsRequest } from '@rockpool/protocol'
import { Effect, Exit, Scope } from 'effect'
import { expect, test } from 'vitest'
import { type memoryIndex, memoryRecordLog } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import type { Signer } from '../../ports/signer.ts'
import { instrument } from '../../testing/instrumented-device.ts'
import {
  advanceUntil,
  memoryDevice,
  type MemoryWorld,
  memoryWorld,
  STORE_ID,
  until,
} from '../../testing/memory-device.ts'
import { type Send, sendByFetch } from './http.ts'
import { eventually, promise, runWithTestClock } from '../../testing/test-effects.ts'

const state = (pool: Pool, file: { readonly id: string }) => pool.transfers.status(file.id).state

const storedEvents = ({ backend }: MemoryWorld) =>
  backend.confirmed.filter(({ event }) => event.name === 'v2.ContentStored')

/** A `send` between which and the object store something stands, as long as `isThere`. */
const interposed = (world: MemoryWorld) => {
  const proxy = { isThere: true, puts: 0 }
  const send: Send = (...args) => {
    proxy.puts++
    return proxy.isThere ? Promise.resolve({ status: 200, etag: null }) : sendByFetch(world.storage.fetch)(...args)
  }
  return { proxy, send }
}

test('a success that did not come from the object store is no proof: not stored, sent again, stored once it is there', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { proxy, send } = interposed(world)
      const pool = yield* memoryDevice(world, 'a').open({ send })
      const errors: string[] = []
      pool.on('error', ({ error }) => void errors.push(error.message))
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* advanceUntil(() => proxy.puts >= 5)
      expect(state(pool, file)).not.toBe('stored')
      expect(storedEvents(world)).toEqual([])
      expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      expect(errors[0]).toContain('the object store does not have it')
      proxy.isThere = false
      yield* advanceUntil(() => state(pool, file) === 'stored')
      expect(world.storage.objects.has(file.remoteKey)).toBe(true)
      expect(storedEvents(world)).toMatchObject([{ event: { args: { receipt: expect.any(String) } } }])
    }),
  ))

test('waits longer after each send that the signer does not find', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { proxy, send } = interposed(world)
      const device = memoryDevice(world, 'a')
      const pool = yield* device.open({ send })
      yield* promise(() => pool.add(new Blob(['reef'])))
      yield* advanceUntil(() => proxy.puts >= 12)
      const [row] = yield* promise(() => device.index().getAll('transfers'))
      expect(row!.attempts).toBeGreaterThanOrEqual(11)
    }),
  ))

test('a file that was sent is uploading until the signer has seen it, and does not hold up the others', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const checks: UploadUrlsRequest[] = []
      const held = Promise.withResolvers<void>()
      const signer: Signer = {
        ...world.storage.signer,
        async uploadUrls(request, signal) {
          checks.push(request)
          await held.promise
          return world.storage.signer.uploadUrls(request, signal)
        },
      }
      const pool = yield* memoryDevice(world, 'a').open({ signer })
      const files = yield* promise(() =>
        Promise.all(Array.from({ length: 20 }, (_, i) => pool.add(new Blob([`${i}`])))),
      )
      yield* eventually(() => expect(world.storage.objects.size).toBe(20))
      yield* until(pool, () => files.every((file) => state(pool, file) === 'uploading'))
      expect(pool.transfers.status(files[0]!)).toMatchObject({ bytes: 1, total: 1, error: null })
      held.resolve()
      yield* advanceUntil(() => files.every((file) => state(pool, file) === 'stored'))
      expect(checks.length).toBeLessThanOrEqual(2)
      expect(checks.flatMap(({ items }) => items).every(({ sent }) => sent === true)).toBe(true)
    }),
  ))

test('100 files take one check and one append, at most two', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const batches: number[] = []
      const signer: Signer = {
        ...world.storage.signer,
        uploadUrls(request, signal) {
          batches.push(request.items.length)
          return world.storage.signer.uploadUrls(request, signal)
        },
      }
      const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
      const ports = instrument({ index: device.index(), log })
      const pool = yield* device.open({ signer, ...ports })
      const files = yield* promise(() =>
        Promise.all(Array.from({ length: 100 }, (_, i) => pool.add(new Blob([`${i}`])))),
      )
      yield* until(pool, () => files.every((file) => pool.log.remoteContent(file.remoteKey)?.proved === true))
      const stored = ports.appends.filter((events) => events.some(({ name }) => name === 'v2.ContentStored'))
      expect(stored.flat()).toHaveLength(100)
      expect(stored.length).toBeLessThanOrEqual(2)
      expect(batches.length).toBeLessThanOrEqual(2)
    }),
  ))

test('an item that the signer refuses fails alone; a call that fails is tried again without a second PUT', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { proxy, send } = interposed(world)
      proxy.isThere = false
      let failing = 2
      const signer: Signer = {
        ...world.storage.signer,
        async uploadUrls(request, signal) {
          if (failing-- > 1) throw new TypeError('no network')
          const { items } = await world.storage.signer.uploadUrls(request, signal)
          return { items: items.with(0, { error: { code: 'storage_unavailable', message: 'Try again.' } }) }
        },
      }
      const pool = yield* memoryDevice(world, 'a').open({ signer, send })
      const [one, two] = yield* promise(() => Promise.all([pool.add(new Blob(['1'])), pool.add(new Blob(['2']))]))
      yield* advanceUntil(() => state(pool, one) === 'stored' && state(pool, two) === 'stored')
      expect(proxy.puts).toBe(2)
    }),
  ))

test('a signer that does not respond is asked again, and the file is not sent again', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { proxy, send } = interposed(world)
      proxy.isThere = false
      let hangs = 1
      const signer: Signer = {
        ...world.storage.signer,
        uploadUrls: (request, signal) =>
          hangs-- > 0
            ? new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)))
            : world.storage.signer.uploadUrls(request, signal),
      }
      const pool = yield* memoryDevice(world, 'a').open({ signer, send })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* advanceUntil(() => state(pool, file) === 'stored')
      expect(hangs).toBeLessThanOrEqual(0)
      expect(proxy.puts).toBe(1)
    }),
  ))

test('what an earlier session has sent is asked for by the next one, which sends nothing', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const { proxy, send } = interposed(world)
      proxy.isThere = false
      const scope = yield* Scope.make()
      const signer: Signer = {
        ...world.storage.signer,
        uploadUrls: (_, signal) =>
          new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
      }
      const dying = yield* device.open({ signer, send }).pipe(Scope.extend(scope))
      const file = yield* promise(() => dying.add(new Blob(['reef'])))
      yield* eventually(async () => expect(await device.index().getAll('transfers')).toMatchObject([{ state: 'sent' }]))
      yield* Scope.close(scope, Exit.void)
      const next = yield* device.open({ send })
      yield* until(next, () => state(next, file) === 'stored')
      expect(proxy.puts).toBe(1)
      expect(yield* promise(() => device.index().getAll('transfers'))).toEqual([])
    }),
  ))

test('what another tab has sent is read from the index, not from what this tab heard of it', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const asked: string[] = []
      const signer: Signer = {
        ...world.storage.signer,
        uploadUrls(request, signal) {
          asked.push(...request.items.map(({ key }) => key))
          return world.storage.signer.uploadUrls(request, signal)
        },
      }
      const index = device.index()
      // Hears of its own writes only.
      const deaf: ReturnType<typeof memoryIndex> = { ...index, subscribe: () => () => {} }
      const pool = yield* device.open({ signer, index: deaf })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, () => state(pool, file) === 'stored')
      expect(asked).toEqual([file.remoteKey])
    }),
  ))
