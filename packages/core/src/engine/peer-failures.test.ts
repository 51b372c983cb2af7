/** What goes wrong in the closest existing systems, by the numbers of docs/concepts/peer-failures.md: those that no other test covers. */
import { addressOfKey, type Hashing, RockpoolError, sha256 } from '@rockpool/protocol'
import { Effect, Exit, Scope, TestContext } from 'effect'
import { expect, test } from 'vitest'
import type { PoolOptions } from '../create-pool.ts'
import { memoryBlobStore, type MemoryBlobStoreOptions, memoryRecordLog } from '../memory/index.ts'
import { testPlatform } from '../testing/test-platform.ts'
import { decision, type FileRow, INDEX_KEYS, type LocalIndex, type IndexTable } from '../ports/local-index.ts'
import type { FileRecord } from '../records/record.ts'
import type { Pool } from '../pool.ts'
import { instrument } from '../testing/instrumented-device.ts'
import {
  advanceUntil,
  type MemoryDevice,
  memoryDevice,
  memoryWorld,
  STORE_ID,
  until,
} from '../testing/memory-device.ts'
import { holds, sampleBytes } from '../testing/sample-bytes.ts'
import { eventually, promise, run } from '../testing/test-effects.ts'

/** With a clock that stands still until the test moves it. */
const runWithTestClock = <A, E>(program: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  run(program.pipe(Effect.provide(TestContext.TestContext)))

const PART = 1024
/** Parts of 1 KiB; counts what is hashed. */
const smallParts = () => {
  const hashed: number[] = []
  const hashing: Hashing = {
    partSize: PART,
    digest(bytes) {
      hashed.push(bytes.byteLength)
      return sha256(bytes)
    },
  }
  return { hashing, hashed, platform: { ...testPlatform, hashing } }
}

/** A tab in a scope of its own, so that it can be ended by itself. */
const tab = (device: MemoryDevice, over: Partial<PoolOptions> = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const pool = yield* device.open(over).pipe(Scope.extend(scope))
    const end = Scope.close(scope, Exit.void)
    yield* Effect.addFinalizer(() => end)
    return { pool, end }
  })

const isStored = (pool: Pool, file: FileRecord) =>
  pool.transfers.status(file).state === 'stored' && pool.log.remoteContent(file.remoteKey)?.stored === true
const stored = (pool: Pool, file: FileRecord) => until(pool, () => isStored(pool, file))
const knows = (pool: Pool, file: FileRecord) =>
  until(pool, () => pool.log.remoteContent(file.remoteKey)?.stored === true)

const add = (pool: Pool, text: string) => promise(() => pool.add(new Blob([text]), { name: 'reef.txt' }))
const textOf = (pool: Pool, id: string) => promise(async () => (await pool.open(id)).text())

/** A `fetch` whose requests wait until they are let through. */
const heldFetch = (fetchLike: typeof fetch) => {
  const opened = Promise.withResolvers<void>()
  const asked: string[] = []
  const held: typeof fetch = async (input, init) => {
    asked.push(String(input))
    const aborted = new Promise<never>((_, reject) =>
      init?.signal?.addEventListener('abort', () => reject(init.signal!.reason as Error)),
    )
    await Promise.race([opened.promise, aborted])
    return fetchLike(input, init)
  }
  return { fetch: held, asked, letThrough: () => opened.resolve() }
}

test('2: a file that is edited while its upload runs keeps the edit, and both contents are stored', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { storage } = world
      const letThrough = Promise.withResolvers<void>()
      const signer: typeof storage.signer = {
        ...storage.signer,
        async uploadUrl(...request) {
          const url = await storage.signer.uploadUrl(...request)
          await letThrough.promise
          return url
        },
      }
      const { pool: a } = yield* tab(memoryDevice(world, 'a'), { signer })
      const { pool: b } = yield* tab(memoryDevice(world, 'b'))
      const first = yield* add(a, 'sand')
      yield* until(a, () => a.transfers.status(first).state === 'uploading')
      const edited = yield* promise(() => a.replace(first.id, new Blob(['coral'])))
      letThrough.resolve()
      yield* stored(a, first)
      yield* stored(a, edited)
      expect(a.files.get(first.id)?.remoteKey).toBe(edited.remoteKey)
      yield* until(b, () => b.files.get(first.id)?.remoteKey === edited.remoteKey)
      yield* knows(b, edited)
      expect(yield* textOf(b, first.id)).toBe('coral')
    }),
  ))

test('6: a replace whose upload fails leaves the former content in object storage, for every device', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const { pool: a } = yield* tab(memoryDevice(world, 'a'))
      const { pool: b } = yield* tab(memoryDevice(world, 'b'))
      const former = yield* add(a, 'sand')
      yield* stored(a, former)
      world.storage.faults.refuse = 'forbidden'
      const edited = yield* promise(() => a.replace(former.id, new Blob(['coral'])))
      yield* until(a, () => a.transfers.status(edited).state === 'failed')
      world.storage.faults.refuse = undefined

      expect([...world.storage.objects.keys()]).toEqual([former.remoteKey])
      expect(yield* textOf(a, former.id)).toBe('coral')
      yield* until(b, () => b.files.get(former.id)?.remoteKey === edited.remoteKey)
      const version = b.versions(former.id).find(({ remoteKey }) => remoteKey === former.remoteKey)!
      const reverted = yield* promise(() => b.revert(former.id, version.id))
      expect(yield* textOf(b, reverted.id)).toBe('sand')
    }),
  ))

test('9: every download that is asked for comes, however many run already', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const download = heldFetch(world.storage.fetch)
      const { pool: a } = yield* tab(memoryDevice(world, 'a'))
      const { pool: b } = yield* tab(memoryDevice(world, 'b'), { fetch: download.fetch })
      const files = yield* promise(() =>
        Promise.all(Array.from({ length: 20 }, (_, i) => a.add(new Blob([`reef ${i}`])))),
      )
      for (const file of files) yield* knows(b, file)
      yield* promise(() => b.pin(files[0]!.id))
      yield* eventually(() => expect(download.asked).not.toEqual([]))
      const pinned = files.slice(1, 10).map((file) => b.pin(file.id))
      const opened = files.slice(10).map((file) => b.open(file.id).then((blob) => blob.text()))
      download.letThrough()
      yield* promise(() => Promise.all(pinned))
      expect(yield* promise(() => Promise.all(opened))).toEqual(opened.map((_, i) => `reef ${i + 10}`))
      for (const file of files) yield* stored(b, file)
    }),
  ))

test('10: a file that is removed while it downloads stays away, with its bytes', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const download = heldFetch(world.storage.fetch)
      const device = memoryDevice(world, 'b')
      const { pool: a } = yield* tab(memoryDevice(world, 'a'))
      const { pool: b } = yield* tab(device, { fetch: download.fetch })
      const file = yield* add(a, 'reef')
      yield* knows(b, file)
      yield* promise(() => b.pin(file.id))
      yield* eventually(() => expect(download.asked).not.toEqual([]))
      yield* promise(() => a.remove(file.id))
      yield* eventually(async () => expect(await device.index().getAll('transfers')).toEqual([]))
      download.letThrough()

      // Whatever the download would still do, it does before the next file is there.
      const next = yield* add(a, 'lagoon')
      yield* knows(b, next)
      expect(yield* textOf(b, next.id)).toBe('lagoon')
      expect(b.files.get(file.id)).toBeUndefined()
      const contents = yield* promise(() => device.index().getAll('contents'))
      expect(contents.map(({ address }) => address)).toEqual([addressOfKey(next.remoteKey)])
      expect((yield* promise(() => device.blobs.list())).map(({ address }) => address)).toEqual([
        addressOfKey(next.remoteKey),
      ])
    }),
  ))

test('11: a removal that is made offline is done, even if the tab crashes before it is sent', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const first = yield* tab(device)
      const { pool: b } = yield* tab(memoryDevice(world, 'b'))
      const file = yield* add(first.pool, 'reef')
      yield* until(b, () => b.files.get(file.id) !== undefined)
      world.backend.disconnect('a')
      world.storage.faults.offline = true
      yield* promise(() => first.pool.remove(file.id))
      yield* first.end
      world.backend.crash('a')

      const { pool: a } = yield* tab(device)
      world.storage.faults.offline = false
      world.backend.connect('a')
      yield* until(b, () => b.files.get(file.id) === undefined)
      yield* until(a, () => a.files.get(file.id) === undefined)
    }),
  ))

test('12: a change whose handling failed is handled again', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'b')
      const index = device.index()
      let failures = 0
      // At the end of the transaction that mirrors the file. Then it changes nothing: neither the file nor the cursor behind it.
      const failOnce = decision([{ table: 'files' }], (rows) => {
        if (rows.getAll('files').length > 0 && failures++ === 0) {
          throw new RockpoolError('disk_failed', 'The disk did not respond.')
        }
        return []
      })
      const failing: LocalIndex = { ...index, write: (steps, options) => index.write([...steps, failOnce], options) }
      const { pool: a } = yield* tab(memoryDevice(world, 'a'))
      yield* tab(device, { index: failing })
      const file = yield* add(a, 'reef')
      yield* eventually(() => expect(failures).toBeGreaterThan(0))
      let row: FileRow | undefined
      yield* advanceUntil(() => {
        void index.get('files', file.id).then((found) => (row = found))
        return row !== undefined
      })
      expect(row).toMatchObject({ id: file.id, remoteKey: file.remoteKey })
    }),
  ))

// Local bytes are not evicted yet (ARCHITECTURE.md, "Not built yet"): a full disk takes no more files until some are removed.
test('17: a full disk refuses a file with a code and a sentence, keeps nothing of it, and serves the others', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const disk: MemoryBlobStoreOptions = { quota: 10 }
      const device = memoryDevice(world, 'a')
      const { pool } = yield* tab(device, { blobs: memoryBlobStore(disk) })
      const small = yield* add(pool, 'reef')
      const large = new Blob(['a lagoon and its reef'])
      yield* promise(() =>
        expect(pool.add(large)).rejects.toMatchObject({
          name: 'RockpoolError',
          code: 'quota_exceeded',
          message: expect.stringContaining('Free some space'),
        }),
      )
      expect(pool.files.list()).toEqual([pool.files.get(small.id)])
      expect((yield* promise(() => pool.blobs.list())).map(({ size }) => size)).toEqual([4])
      expect(yield* promise(() => device.index().getAll('contents'))).toHaveLength(1)
      expect(yield* textOf(pool, small.id)).toBe('reef')
      disk.quota = 100
      yield* stored(pool, yield* promise(() => pool.add(large)))
    }),
  ))

test('18: a stream of a large file takes no more from the network than its reader reads, and a few parts', () =>
  run(
    Effect.gen(function* () {
      const { platform, hashing } = smallParts()
      const world = memoryWorld({ platform })
      const { pool: a } = yield* tab(memoryDevice(world, 'a'), { platform, blobs: memoryBlobStore({ hashing }) })
      let taken = 0
      const counted: typeof fetch = async (input, init) => {
        const response = await world.storage.fetch(input, init)
        const isContent = !new URL(String(input)).pathname.endsWith('.parts')
        return isContent ? countedBody(response, (bytes) => (taken += bytes)) : response
      }
      const over = { platform, blobs: memoryBlobStore({ hashing }), fetch: counted }
      const { pool: b } = yield* tab(memoryDevice(world, 'b'), over)
      const file = yield* promise(() => a.add(sampleBytes(1_000 * PART)))
      yield* knows(b, file)
      const stream = yield* promise(() => b.stream(file))
      const reader = stream.getReader()
      for (let i = 1; i <= 20; i++) yield* promise(() => reader.read())
      // The reader stands still for as long as it takes to hash 200 parts: whatever is fetched ahead is fetched by then.
      for (let i = 1; i <= 200; i++) yield* promise(() => sha256(new Uint8Array(PART)))
      expect(taken).toBeGreaterThan(0)
      expect(taken).toBeLessThanOrEqual(40 * PART)
      yield* promise(() => reader.cancel())
    }),
  ))

test('19: a start reads and hashes no content, however many files there are', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const first = yield* tab(device)
      const files = yield* promise(() =>
        Promise.all(Array.from({ length: 50 }, (_, i) => first.pool.add(new Blob([`reef ${i}`])))),
      )
      for (const file of files) yield* stored(first.pool, file)
      yield* eventually(async () => expect(await device.index().getAll('outbox')).toEqual([]))
      yield* first.end

      const opened: string[] = []
      const { hashing, hashed } = smallParts()
      const blobs: typeof device.blobs = {
        ...device.blobs,
        open(address) {
          opened.push(address)
          return device.blobs.open(address)
        },
      }
      const { pool } = yield* tab(device, { blobs, platform: { ...testPlatform, hashing } })
      const marker = yield* add(pool, 'marker')
      yield* stored(pool, marker)
      expect(opened.filter((address) => address !== addressOfKey(marker.remoteKey))).toEqual([])
      // The bytes of an upload are verified before they are sent: those of the new file.
      expect(hashed).toEqual([marker.size])
    }),
  ))

test('19: removing twice as many files costs about twice as much', () =>
  run(
    Effect.gen(function* () {
      const cost = (count: number) =>
        Effect.gen(function* () {
          const world = memoryWorld()
          const device = memoryDevice(world, 'a')
          const log = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'a' })
          const ports = instrument({ index: device.index(), log })
          const { pool } = yield* tab(device, ports)
          const files = yield* promise(() =>
            Promise.all(Array.from({ length: count }, (_, i) => pool.add(new Blob([`reef ${i}`])))),
          )
          for (const file of files) yield* stored(pool, file)
          const before = ports.reads + ports.transactions.length
          for (const { id } of files) yield* promise(() => pool.remove(id))
          yield* eventually(async () => expect(await device.index().getAll('files')).toEqual([]))
          return ports.reads + ports.transactions.length - before
        })
      const [few, twice] = [yield* cost(40), yield* cost(80)]
      expect(few).toBeGreaterThan(0)
      expect(twice).toBeLessThan(3 * few)
    }),
  ))

test('20: the log of a file that was tried, sent, opened and pinned says that it was added and stored', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'a')
      const first = yield* tab(device)
      const { pool: b } = yield* tab(memoryDevice(world, 'b'))
      world.storage.faults.offline = true
      const file = yield* add(first.pool, 'reef')
      yield* eventually(async () => expect(await device.index().getAll('transfers')).toMatchObject([{ attempts: 1 }]))
      yield* first.end
      const { pool: a } = yield* tab(device)
      world.storage.faults.offline = false
      yield* promise(() => a.transfers.retry(file))
      yield* stored(a, file)
      yield* knows(b, file)
      expect(yield* textOf(b, file.id)).toBe('reef')
      yield* promise(() => b.pin(file.id))
      yield* promise(() => b.unpin(file.id))
      // One more event, and with it everything that came before.
      const last = yield* promise(() => b.rename(file.id, 'lagoon.txt'))
      yield* until(a, () => a.files.get(file.id)?.name === last.name)
      const names = new Map(world.backend.confirmed.map(({ event }) => [event.opId, event.name]))
      expect([...names.values()]).toEqual(['v2.FileAdded', 'v2.ContentStored', 'v2.FileRenamed'])
    }),
  ))

test('25: a signed URL is in no event and in no row of the index', () =>
  run(
    Effect.gen(function* () {
      const { platform, hashing } = smallParts()
      const world = memoryWorld({ platform })
      const small = { platform, blobs: memoryBlobStore({ hashing }) }
      const devices = [memoryDevice(world, 'a'), memoryDevice(world, 'b')] as const
      const { pool: a } = yield* tab(devices[0], small)
      const { pool: b } = yield* tab(devices[1], { ...small, blobs: memoryBlobStore({ hashing }) })
      const files = yield* promise(() => Promise.all([a.add(sampleBytes(100)), a.add(sampleBytes(5 * PART))]))
      for (const file of files) {
        yield* stored(a, file)
        yield* knows(b, file)
        yield* promise(() => b.pin(file.id))
        yield* stored(b, file)
        expect(b.url(file)).toMatch(/^\/rockpool\//)
      }
      expect(JSON.stringify(world.backend.confirmed)).not.toMatch(SIGNED)
      for (const device of devices) {
        for (const table of Object.keys(INDEX_KEYS) as IndexTable[]) {
          expect(JSON.stringify(yield* promise(() => device.index().getAll(table)))).not.toMatch(SIGNED)
        }
      }
    }),
  ))

test('32: a download goes on after a reload with the part that is missing', () =>
  run(
    Effect.gen(function* () {
      const { platform, hashing } = smallParts()
      const world = memoryWorld({ platform })
      const { pool: a } = yield* tab(memoryDevice(world, 'a'), { platform, blobs: memoryBlobStore({ hashing }) })
      const device = memoryDevice(world, 'b')
      const blobs = memoryBlobStore({ hashing })
      const bytes = sampleBytes(10 * PART)
      const file = yield* promise(() => a.add(bytes))

      const broken: typeof fetch = async (input, init) => {
        const response = await world.storage.fetch(input, init)
        return response.headers.get('content-length') === String(bytes.length) ? cutBody(response, 4 * PART) : response
      }
      const first = yield* tab(device, { platform, blobs, fetch: broken })
      yield* knows(first.pool, file)
      yield* promise(() => expect(first.pool.open(file)).rejects.toMatchObject({ code: 'offline' }))
      yield* first.end

      const ranges: (string | null)[] = []
      const watched: typeof fetch = (input, init) => {
        if (!new URL(String(input)).pathname.endsWith('.parts')) ranges.push(new Headers(init?.headers).get('range'))
        return world.storage.fetch(input, init)
      }
      const { pool: b } = yield* tab(device, { platform, blobs, fetch: watched })
      expect(yield* promise(async () => holds(await b.open(file), bytes))).toBe(true)
      expect(ranges).toEqual([`bytes=${4 * PART}-`])
    }),
  ))

/** Of the object store in memory, and of any that presigns as S3 does. */
const SIGNED = /objects\.memory|signature=/i

/** The response with its body in pieces of half a part at most, each counted when it is taken. */
const countedBody = (response: Response, count: (bytes: number) => void): Response => {
  const pieces = inPieces(response)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) return controller.close()
        count(value.length)
        controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}

/** The response with a body that breaks off after `bytes` bytes, as a connection does. */
const cutBody = (response: Response, bytes: number): Response => {
  const pieces = inPieces(response)
  let left = bytes
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done || left <= 0) return controller.error(new TypeError('network error'))
      left -= value.length
      controller.enqueue(value)
    },
  })
  return new Response(body, response)
}

async function* inPieces(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of response.body!) {
    for (let at = 0; at < chunk.length; at += PART / 2) yield chunk.subarray(at, at + PART / 2)
  }
}
