/**
 * Records that lie. Whoever may write to a store can append any event, so no record decides about bytes on this disk, or
 * about uploads that this device owes.
 */
import { addressOfKey, buildRemoteKey, type Buckets, hashContent, type Owner, type RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import { memoryRecordLog } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import type { Signer } from '../../ports/signer.ts'
import type { PoolEvent } from '../../records/events.ts'
import type { FileRecord } from '../../records/record.ts'
import { eventMaker } from '../../testing/sample-events.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const PHOTO = 'the only copy of this photo'
const HOSTILE_OWNER = `u_${'m'.repeat(32)}` as Owner

/** A victim, and a writer who appends what it likes to the same log. */
const victimAndWriter = (options: { readonly buckets?: Buckets } = {}) =>
  Effect.gen(function* () {
    const world = memoryWorld(options)
    const uploadRequests: RemoteKey[] = []
    const signer: Signer = {
      ...world.storage.signer,
      uploadUrl(request, signal) {
        uploadRequests.push(request.key as RemoteKey)
        return world.storage.signer.uploadUrl(request, signal)
      },
    }
    const device = memoryDevice(world, 'victim', { sub: 'ada', stores: { [STORE_ID]: ['read', 'write', 'delete'] } })
    const pool = yield* device.open({ ...options, signer })
    const hostile = memoryRecordLog({ storeId: STORE_ID, backend: world.backend, device: 'hostile' })
    const make = eventMaker(STORE_ID, 'hostile')
    /** Appends, and waits until the victim has it. */
    const forge = (...events: PoolEvent[]) => {
      hostile.append(events)
      return until(pool, () => events.every(({ opId }) => pool.log.applied(opId)))
    }
    const onDisk = (key: RemoteKey) => promise(async () => (await device.blobs.open(addressOfKey(key)))?.text())
    return { world, device, pool, make, forge, onDisk, uploadRequests }
  })

const add = (pool: Pool, text: string) => promise(() => pool.add(new Blob([text]), { name: 'photo.jpg' }))
const reject = (opening: Promise<unknown>) =>
  promise(() =>
    opening.then(
      () => undefined,
      (error: unknown) => error,
    ),
  )
/** Known to this device, and in the log. */
const isStored = (pool: Pool, file: FileRecord) =>
  pool.transfers.status(file).state === 'stored' && pool.log.remoteContent(file.remoteKey)?.stored === true

describe('a record with another size than its content has', () => {
  const inOtherSegment = (key: RemoteKey) =>
    buildRemoteKey({ storeId: STORE_ID, bucket: 'own', owner: HOSTILE_OWNER, address: addressOfKey(key) })

  test.each([
    ['the same key', (key: RemoteKey) => key],
    ['a key in a segment of its writer, for the same bytes', inOtherSegment],
  ])('with %s and a forged ContentStored, it removes no bytes', (_, keyOf) =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, pool, make, forge, onDisk } = yield* victimAndWriter()
        world.storage.faults.offline = true
        const photo = yield* add(pool, PHOTO)
        const remoteKey = keyOf(photo.remoteKey)
        yield* forge(make.added('lure', { remoteKey, size: 1 }), make.stored(remoteKey))
        expect(yield* reject(pool.open('lure'))).toMatchObject({ code: 'size_mismatch' })
        expect(yield* reject(pool.stream('lure'))).toMatchObject({ code: 'size_mismatch' })
        expect(yield* onDisk(photo.remoteKey)).toBe(PHOTO)
        expect(yield* promise(async () => (await pool.open(photo)).text())).toBe(PHOTO)
        world.storage.faults.offline = false
        yield* advanceUntil(() => isStored(pool, photo))
        expect(world.storage.objects.has(photo.remoteKey)).toBe(true)
      }),
    ),
  )

  test('is refused before its bytes travel, however often it is opened', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, device, pool, make, forge } = yield* victimAndWriter()
        const elsewhere = yield* memoryDevice(world, 'other').open()
        const photo = yield* add(elsewhere, PHOTO)
        yield* until(elsewhere, () => isStored(elsewhere, photo))
        yield* forge(make.added('lure', { remoteKey: photo.remoteKey, size: 1 }))
        for (let times = 0; times < 3; times++) {
          expect(yield* reject(pool.open('lure'))).toMatchObject({ code: 'size_mismatch' })
        }
        expect(yield* promise(() => device.blobs.list())).toEqual([])
        // The honest record of the same bytes opens, and the other one takes nothing from it.
        expect(yield* promise(async () => (await pool.open(photo)).text())).toBe(PHOTO)
        expect(yield* reject(pool.open('lure'))).toMatchObject({ code: 'size_mismatch' })
        world.storage.faults.offline = true
        expect(yield* promise(async () => (await pool.open(photo)).text())).toBe(PHOTO)
      }),
    ))

  test('fails when pinned, and is tried again as seldom as a refusal', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, pool, make, forge } = yield* victimAndWriter()
        const elsewhere = yield* memoryDevice(world, 'other').open()
        const photo = yield* add(elsewhere, PHOTO)
        yield* until(elsewhere, () => isStored(elsewhere, photo))
        yield* forge(make.added('lure', { remoteKey: photo.remoteKey, size: 1 }))
        yield* promise(() => pool.pin('lure'))
        yield* until(pool, () => pool.transfers.status('lure').state === 'failed')
        const { code, nextAttemptAt } = pool.transfers.status('lure').error!
        expect(code).toBe('size_mismatch')
        expect(nextAttemptAt).toBeGreaterThanOrEqual(12 * 60_000)
      }),
    ))
})

describe('a forged ContentStored', () => {
  test('does not keep a file from object storage that was never uploaded, removed and restored', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, device, pool, make, forge } = yield* victimAndWriter()
        const index = device.index()
        world.storage.faults.offline = true
        const photo = yield* add(pool, PHOTO)
        yield* forge(make.stored(photo.remoteKey), make.deleted(photo.id))
        yield* advanceUntil(() => pool.files.get(photo.id) === undefined)
        yield* promise(async () => {
          while ((await index.getAll('transfers')).length > 0) await new Promise((turned) => setImmediate(turned))
        })
        yield* forge(make.restored(photo.id))
        world.storage.faults.offline = false
        yield* advanceUntil(() => world.storage.objects.has(photo.remoteKey))
      }),
    ))

  test('leaves a waiting upload in the queue, and the file local, until the signer has it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, pool, make, forge } = yield* victimAndWriter()
        world.storage.faults.offline = true
        const photo = yield* add(pool, PHOTO)
        yield* forge(make.stored(photo.remoteKey))
        expect(pool.transfers.status(photo)).toMatchObject({ state: 'local', onDevice: true })
        expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
        world.storage.faults.offline = false
        yield* advanceUntil(() => isStored(pool, photo))
        expect(world.storage.objects.has(photo.remoteKey)).toBe(true)
        expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: PHOTO.length })
      }),
    ))

  test('ends a waiting upload without sending bytes when the signer confirms it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, pool, make, forge } = yield* victimAndWriter()
        world.storage.faults.offline = true
        const photo = yield* add(pool, PHOTO)
        world.storage.objects.set(photo.remoteKey, { bytes: new Blob([PHOTO]), type: 'image/jpeg' })
        yield* forge(make.stored(photo.remoteKey))
        world.storage.faults.offline = false
        // The object store refuses a second PUT of the key by 412.
        world.storage.faults.status = 500
        yield* advanceUntil(() => isStored(pool, photo))
      }),
    ))

  test('makes no bytes evictable that this device has not found in object storage', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, pool, make, forge } = yield* victimAndWriter()
        world.storage.faults.refuse = 'forbidden'
        const photo = yield* add(pool, PHOTO)
        yield* until(pool, () => pool.transfers.status(photo).state === 'failed')
        yield* forge(make.stored(photo.remoteKey))
        expect(pool.transfers.status(photo).state).toBe('failed')
        expect(yield* promise(() => pool.storage())).toMatchObject({ evictable: 0 })
      }),
    ))
})

test('a forged ContentLost makes the device ask the signer once more, and send nothing', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { pool, make, forge, uploadRequests, world } = yield* victimAndWriter()
      const photo = yield* add(pool, PHOTO)
      yield* until(pool, () => isStored(pool, photo))
      const before = uploadRequests.length
      world.storage.faults.status = 500 // no PUT would succeed
      yield* forge(make.lost(photo.remoteKey))
      yield* advanceUntil(() => isStored(pool, photo))
      expect(uploadRequests.length).toBe(before + 1)
    }),
  ))

describe('bytes that are stored under one key', () => {
  const buckets: Buckets = { files: { access: 'store' }, own: { access: 'owner' } }

  test('are uploaded under another key of this user too', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { pool, world } = yield* victimAndWriter({ buckets })
        const shared = yield* add(pool, PHOTO)
        yield* until(pool, () => isStored(pool, shared))
        const own = yield* promise(() => pool.add(new Blob([PHOTO]), { bucket: 'own' }))
        yield* until(pool, () => isStored(pool, own))
        expect(new Set(world.storage.objects.keys())).toEqual(new Set([shared.remoteKey, own.remoteKey]))
      }),
    ))

  test('are not uploaded into the segment of another user, or into another store', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { pool, make, forge, uploadRequests } = yield* victimAndWriter({ buckets })
        const photo = yield* add(pool, PHOTO)
        yield* until(pool, () => isStored(pool, photo))
        const address = addressOfKey(photo.remoteKey)
        const others = buildRemoteKey({ storeId: STORE_ID, bucket: 'own', owner: HOSTILE_OWNER, address })
        const otherStore = buildRemoteKey({ storeId: 'lagoon', bucket: 'files', address })
        yield* forge(
          make.added('lure', { remoteKey: others, size: PHOTO.length }),
          make.added('far', { remoteKey: otherStore, size: PHOTO.length }),
        )
        const last = yield* add(pool, 'added after them')
        yield* until(pool, () => isStored(pool, last))
        expect(new Set(uploadRequests)).toEqual(new Set([photo.remoteKey, last.remoteKey]))
      }),
    ))
})

test('an upload that a loss brings back has the type that the file was added with, not that of a forged record', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const buckets: Buckets = { files: { access: 'store', types: ['image/jpeg'] } }
      const { pool, make, forge, world } = yield* victimAndWriter({ buckets })
      const { address } = yield* promise(() => hashContent(new Blob([PHOTO]).stream()))
      const remoteKey = buildRemoteKey({ storeId: STORE_ID, bucket: 'files', address })
      yield* forge(make.added('lure', { remoteKey, type: 'text/html', size: PHOTO.length }))
      const photo = yield* promise(() => pool.add(new Blob([PHOTO], { type: 'image/jpeg' })))
      yield* until(pool, () => isStored(pool, photo))
      world.storage.objects.clear()
      yield* forge(make.lost(remoteKey))
      yield* advanceUntil(() => isStored(pool, photo))
      expect(world.storage.objects.get(remoteKey)?.type).toBe('image/jpeg')
    }),
  ))
