/** Receipts of the signer: what the log has with one is proved to all devices, and without one it is only claimed. */
import type { RemoteKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import { type MemorySignerOptions, memoryRecordLog } from '../../memory/index.ts'
import type { Pool } from '../../pool.ts'
import type { Signer } from '../../ports/signer.ts'
import type { FileRecord } from '../../records/record.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { eventMaker, sampleReceipt } from '../../testing/sample-events.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const PHOTO = 'the same photo on two devices'
const add = (pool: Pool) => promise(() => pool.add(new Blob([PHOTO])))
const content = (pool: Pool, { remoteKey }: FileRecord) => pool.log.remoteContent(remoteKey)
const isStored = (pool: Pool, file: FileRecord) => pool.transfers.status(file).state === 'stored'

/** `a` reaches the signer. `b` does not until `connect`, and its requests are noted. */
const twoDevices = (options: MemorySignerOptions = {}) =>
  Effect.gen(function* () {
    const world = memoryWorld(options)
    const requests: RemoteKey[] = []
    let isConnected = false
    const signer: Signer = {
      ...world.storage.signer,
      uploadUrl(request, signal) {
        if (!isConnected) return Promise.reject(new TypeError('no network'))
        requests.push(request.key as RemoteKey)
        return world.storage.signer.uploadUrl(request, signal)
      },
    }
    const a = yield* memoryDevice(world, 'a').open()
    const b = yield* memoryDevice(world, 'b').open({ signer })
    const connect = () => {
      isConnected = true
    }
    return { world, a, b, connect, requests }
  })

const storedEvents = ({ backend }: ReturnType<typeof memoryWorld>) =>
  backend.confirmed.map(({ event }) => event).filter(({ name }) => name === 'v2.ContentStored')

/** A writer who appends what it likes. */
const writer = ({ backend }: ReturnType<typeof memoryWorld>) => ({
  log: memoryRecordLog({ storeId: STORE_ID, backend, device: 'writer' }),
  make: eventMaker(STORE_ID, 'writer'),
})

test('an upload ends with a ContentStored that has the receipt', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { a, b, world } = yield* twoDevices()
      const photo = yield* add(a)
      yield* until(b, () => content(b, photo)?.proved === true)
      expect(storedEvents(world)).toMatchObject([{ args: { remoteKey: photo.remoteKey, receipt: expect.any(String) } }])
    }),
  ))

test('an upload by a signer without receipts ends with a claim', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { a } = yield* twoDevices({ receipts: false })
      const photo = yield* add(a)
      yield* until(a, () => content(a, photo)?.stored === true)
      expect(content(a, photo)).toMatchObject({ stored: true, proved: false, seenAt: null })
      expect(isStored(a, photo)).toBe(true)
    }),
  ))

describe('another device that waits to upload the same bytes', () => {
  test('does not, and asks nobody, once they are proved to be stored', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { a, b, connect, requests } = yield* twoDevices()
        const waiting = yield* add(b)
        yield* until(b, () => b.transfers.status(waiting).state !== 'uploading')
        const photo = yield* add(a)
        yield* until(a, () => content(a, photo)?.proved === true)
        yield* until(b, () => isStored(b, waiting))
        expect(yield* promise(() => b.storage())).toMatchObject({ evictable: PHOTO.length })
        connect()
        yield* advanceUntil(() => isStored(b, waiting))
        expect(requests).toEqual([])
      }),
    ))

  test('asks the signer when they are only claimed to be stored', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { a, b, connect, requests } = yield* twoDevices({ receipts: false })
        const waiting = yield* add(b)
        const photo = yield* add(a)
        yield* until(b, () => content(b, photo)?.stored === true)
        expect(yield* promise(() => b.storage())).toMatchObject({ evictable: 0 })
        connect()
        yield* advanceUntil(() => isStored(b, waiting))
        expect(requests).toEqual([photo.remoteKey])
      }),
    ))
})

test('an upload replaces a claim of the log by a proof, and a proof is not repeated', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { a, b, connect, world } = yield* twoDevices()
      world.storage.faults.offline = true
      const photo = yield* add(a)
      const { log, make } = writer(world)
      log.append([make.stored(photo.remoteKey)])
      yield* until(a, () => content(a, photo)?.stored === true)
      world.storage.faults.offline = false
      yield* advanceUntil(() => content(b, photo)?.proved === true)
      expect(storedEvents(world)).toHaveLength(2)

      connect()
      const again = yield* add(b)
      yield* advanceUntil(() => isStored(b, again))
      expect(storedEvents(world)).toHaveLength(2)
    }),
  ))

test('content that is added after its proof is asked for: it may be lost since', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { a, b, connect, requests, world } = yield* twoDevices()
      const photo = yield* add(a)
      yield* until(b, () => content(b, photo)?.proved === true)
      world.storage.objects.clear()
      connect()
      const again = yield* add(b)
      yield* advanceUntil(() => isStored(b, again) && world.storage.objects.has(photo.remoteKey))
      expect(requests[0]).toBe(photo.remoteKey)
    }),
  ))

test('a content that was lost is proved again by the upload that heals it, not by a copy of its receipt', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { a, b, world } = yield* twoDevices()
      const photo = yield* add(a)
      yield* until(b, () => content(b, photo)?.proved === true)
      const [stored] = storedEvents(world)
      const receipt = (stored!.args as { readonly receipt: string }).receipt
      const { log, make } = writer(world)
      world.storage.objects.clear()
      world.storage.faults.offline = true
      log.append([make.lost(photo.remoteKey), make.stored(photo.remoteKey, undefined, { receipt })])
      yield* until(b, () => content(b, photo)?.proved === false)
      expect(content(b, photo)).toMatchObject({ stored: true, proved: false })
      world.storage.faults.offline = false
      yield* advanceUntil(() => content(a, photo)?.proved === true)
      expect(world.storage.objects.has(photo.remoteKey)).toBe(true)
    }),
  ))

test('a proof of bytes that are not on this device notes nothing on it', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { b, world } = yield* twoDevices()
      const { log, make } = writer(world)
      const key = make.key(7)
      log.append([make.added('x', { remoteKey: key }), make.stored(key, undefined, { receipt: sampleReceipt(5) })])
      yield* until(b, () => b.log.remoteContent(key)?.proved === true)
      expect(b.transfers.status('x')).toMatchObject({ state: 'remote', onDevice: false })
      expect(yield* promise(() => b.storage())).toMatchObject({ evictable: 0 })
    }),
  ))
