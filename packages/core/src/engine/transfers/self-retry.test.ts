/** What failed or was refused is tried again without a person. */
import { RockpoolError } from '@rockpool/protocol'
import { Effect, type Scope, TestClock } from 'effect'
import { expect, test } from 'vitest'
import { createPool } from '../../create-pool.ts'
import { memoryPage, memoryRecordLog } from '../../memory/index.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import type { Pool } from '../../pool.ts'
import { put } from '../../ports/local-index.ts'
import type { FileRecord } from '../../records/record.ts'
import { sendByFetch } from './http.ts'
import {
  advanceUntil,
  memoryDevice,
  type MemoryWorld,
  memoryWorld,
  STORE_ID,
  until,
} from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const addAll = (pool: Pool, count: number) =>
  promise(() => Promise.all(Array.from({ length: count }, (_, i) => pool.add(new Blob([`reef ${i}`])))))
const all = (pool: Pool, files: readonly FileRecord[], state: string) => () =>
  files.every((file) => pool.transfers.status(file).state === state)
const newToken = () =>
  put('session', { id: 'session', storeId: STORE_ID, user: 'ada', signerUrl: 'https://signer.example', token: 'new' })

/** Something that makes refused transfers be tried again: done on the device, or a new tab of it. */
type Occasion = (world: {
  readonly device: ReturnType<typeof memoryDevice>
  readonly page: ReturnType<typeof memoryPage>
  readonly pool: Pool
}) => Effect.Effect<Pool, RockpoolError, Scope.Scope>

const occasions: Record<string, Occasion> = {
  '15 minutes': ({ pool }) => Effect.as(TestClock.adjust('15 minutes'), pool),
  'the network': ({ pool, page }) => Effect.sync(() => (page.set({ isOnline: true }), pool)),
  'the person': ({ pool, page }) =>
    Effect.sync(() => {
      page.set({ isVisible: false })
      page.set({ isVisible: true })
      return pool
    }),
  'a new token': ({ pool, device }) => promise(() => device.index().write([newToken()])).pipe(Effect.as(pool)),
  'a start of the app': ({ pool, device }) => promise(() => pool.close()).pipe(Effect.andThen(device.open())),
  retryAll: ({ pool }) => promise(() => pool.transfers.retryAll()).pipe(Effect.as(pool)),
}

const REFUSALS = [403, 413, 'unauthenticated', 'type_not_allowed'] as const

const fault = (code: (typeof REFUSALS)[number]) => (world: MemoryWorld, isThere: boolean) => {
  if (typeof code === 'string') world.storage.faults.refuse = isThere ? code : undefined
  else world.storage.faults.status = isThere ? code : undefined
}

test.each(Object.keys(occasions).flatMap((occasion) => REFUSALS.map((code) => [occasion, code] as const)))(
  '%s lets 12 files go that %s refused, and keeps the stopped one',
  (occasion, code) =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const page = memoryPage()
        const device = memoryDevice(world, 'a')
        const pool = yield* device.open({ platform: { ...testPlatform, page } })
        const refuse = fault(code)
        refuse(world, true)
        const files = yield* addAll(pool, 12)
        const stopped = yield* promise(() => pool.add(new Blob(['stopped'])))
        yield* until(pool, all(pool, [...files, stopped], 'failed'))
        yield* promise(() => pool.transfers.cancel(stopped))
        refuse(world, false)
        const after = yield* occasions[occasion]!({ device, page, pool })
        yield* until(after, all(after, files, 'stored'))
        expect(after.transfers.status(stopped).error).toMatchObject({ code: 'aborted', nextAttemptAt: null })
      }),
    ),
)

test.each(['the network', 'the person', 'a start of the app', 'retryAll'])(
  '%s ends the wait of a file whose object store was busy',
  (occasion) =>
    runWithTestClock(
      Effect.gen(function* () {
        const world = memoryWorld()
        const page = memoryPage()
        const device = memoryDevice(world, 'a')
        const pool = yield* device.open({ platform: { ...testPlatform, page, random: () => 0.9 } })
        world.storage.faults.status = 503
        const files = yield* addAll(pool, 1)
        yield* until(pool, all(pool, files, 'failed'))
        world.storage.faults.status = undefined
        const after = yield* occasions[occasion]!({ device, page, pool })
        yield* until(after, all(after, files, 'stored'))
      }),
    ),
)

test('a refusal stays shown until the next attempt succeeds, and is emitted once', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.status = 413
      let asked = 0
      const uploadUrl: typeof world.storage.signer.uploadUrl = (...args) => {
        asked++
        return world.storage.signer.uploadUrl(...args)
      }
      const pool = yield* memoryDevice(world, 'a').open({ signer: { ...world.storage.signer, uploadUrl } })
      const errors: string[] = []
      pool.on('error', ({ error }) => void errors.push(error.code))
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      const seen = new Set<string>()
      yield* advanceUntil(() => asked >= 5)
      yield* advanceUntil(() => {
        seen.add(pool.transfers.status(file).state)
        return asked >= 8
      })
      seen.delete('uploading')
      expect([...seen]).toEqual(['failed'])
      expect(errors).toEqual(['too_large'])
    }),
  ))

test('a browser that wrongly says offline is not believed', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const page = memoryPage()
      page.set({ isOnline: false })
      const pool = yield* memoryDevice(world, 'a').open({ platform: { ...testPlatform, page } })
      const file = yield* promise(() => pool.add(new Blob(['vpn'])))
      yield* until(pool, all(pool, [file], 'stored'))
    }),
  ))

test('without a network attempts go on at the pace of the back-off, whatever the browser says', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      world.storage.faults.offline = true
      const page = memoryPage()
      page.set({ isOnline: false })
      const pool = yield* memoryDevice(world, 'a').open({ platform: { ...testPlatform, page } })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* TestClock.adjust('1 hour')
      world.storage.faults.offline = false
      yield* advanceUntil(all(pool, [file], 'stored'))
    }),
  ))

test('without a network many files make few attempts, and all go when it is back', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const page = memoryPage()
      let asked = 0
      const uploadUrl: typeof world.storage.signer.uploadUrl = (...args) => {
        asked++
        return world.storage.signer.uploadUrl(...args)
      }
      const signer = { ...world.storage.signer, uploadUrl }
      const pool = yield* memoryDevice(world, 'a').open({ signer, platform: { ...testPlatform, page } })
      world.storage.faults.offline = true
      const files = yield* addAll(pool, 30)
      let minutes = 0
      yield* advanceUntil(() => minutes++ === 15)
      expect(asked).toBeGreaterThan(5)
      expect(asked).toBeLessThan(40)
      world.storage.faults.offline = false
      page.set({ isOnline: true })
      yield* until(pool, all(pool, files, 'stored'))
    }),
  ))

test('a file that a person tries again during an outage is tried at once', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      world.storage.faults.status = 503
      const [file] = yield* addAll(pool, 20)
      yield* TestClock.adjust('1 hour')
      yield* advanceUntil(() => pool.transfers.status(file!).state === 'failed')
      world.storage.faults.status = undefined
      yield* promise(() => pool.transfers.retry(file!))
      yield* until(pool, all(pool, [file!], 'stored'))
    }),
  ))

test('what failed while the clock was years ahead is tried in time when it is right again', async () => {
  const world = memoryWorld()
  world.storage.faults.status = 503
  let skew = 4 * 365 * 86_400_000
  const clock = { ...testPlatform.clock, now: () => testPlatform.clock.now() + skew }
  const pool = await createPool({
    log: memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' }),
    blobs: memoryDevice(world, 'a').blobs,
    index: memoryDevice(world, 'a').index(),
    signer: world.storage.signer,
    fetch: world.storage.fetch,
    device: `${world.id}-skewed`,
    platform: { ...testPlatform, clock, random: () => 0.2 },
  })
  const file = await pool.add(new Blob(['reef']))
  await Effect.runPromise(until(pool, all(pool, [file], 'failed')))
  skew = 0
  world.storage.faults.status = undefined
  await Effect.runPromise(until(pool, all(pool, [file], 'stored')))
  await pool.close()
})

test('an object store that asks for 4 min gets 4 min', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      let isBusy = true
      let asked = 0
      const fetch: typeof globalThis.fetch = async (...args) => {
        asked++
        return isBusy
          ? new Response(null, { status: 503, headers: { 'retry-after': '240' } })
          : world.storage.fetch(...args)
      }
      const pool = yield* memoryDevice(world, 'a').open({ fetch, send: sendByFetch(fetch) })
      const file = yield* promise(() => pool.add(new Blob(['reef'])))
      yield* until(pool, all(pool, [file], 'failed'))
      isBusy = false
      yield* TestClock.adjust('239 seconds')
      expect(asked).toBe(1)
      yield* TestClock.adjust('1 second')
      yield* until(pool, all(pool, [file], 'stored'))
    }),
  ))

test('one transfer that succeeds after a refusal frees the others with the same one', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const pool = yield* memoryDevice(world, 'a').open()
      world.storage.faults.status = 413
      const files = yield* addAll(pool, 12)
      yield* until(pool, all(pool, files, 'failed'))
      world.storage.faults.status = undefined
      yield* promise(() => pool.transfers.retry(files[7]!))
      yield* until(pool, all(pool, files, 'stored'))
    }),
  ))

test('a token that every call refuses makes few attempts, although each brings a new one', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      let asked = 0
      const uploadUrl: typeof world.storage.signer.uploadUrl = async () => {
        asked++
        await device.index().write([newToken()])
        throw new RockpoolError('unauthenticated', 'Sign in again.')
      }
      const pool = yield* device.open({ signer: { ...world.storage.signer, uploadUrl } })
      const files = yield* addAll(pool, 20)
      yield* until(pool, all(pool, files, 'failed'))
      const before = asked
      yield* TestClock.adjust('1 hour')
      expect(asked - before).toBeLessThanOrEqual(61)
    }),
  ))
