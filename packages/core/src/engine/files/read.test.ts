/** Reading, where it is stopped, and where disk and index do not agree. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { describe, expect, test } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import { advanceUntil, memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { failingDisk } from '../../testing/failing-disk.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { promise, run, runWithTestClock } from '../../testing/test-effects.ts'
import { testPlatform } from '../../testing/test-platform.ts'

/** A file that device A has stored, and device B, which knows of it. */
const storedElsewhere = Effect.gen(function* () {
  const world = memoryWorld()
  const device = memoryDevice(world, 'b')
  const a = yield* memoryDevice(world, 'a').open()
  const b = yield* device.open()
  const file = yield* promise(() => a.add(new Blob(['reef'])))
  yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
  return { world, device, b, file }
})

const cutShort = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => bytes.slice(0, 2)

test('an open that stands still ends at once when its caller stops it', () =>
  run(
    Effect.gen(function* () {
      const { world, b, file } = yield* storedElsewhere
      world.storage.faults.stall = 'request'
      const stop = new AbortController()
      const opening = b.open(file, { signal: stop.signal })
      yield* until(b, () => b.transfers.status(file).state === 'downloading')
      stop.abort()
      yield* promise(() => expect(opening).rejects.toMatchObject({ code: 'aborted' }))
      expect(b.transfers.status(file).state).toBe('remote')
      // its lock is free
      world.storage.faults.stall = undefined
      expect(yield* promise(async () => (await b.open(file)).text())).toBe('reef')
    }),
  ))

test('an object URL of a file that holds script has no type that runs it; the Blob for the app keeps its type', () =>
  run(
    Effect.gen(function* () {
      const a = yield* memoryDevice(memoryWorld(), 'a').open()
      const file = yield* promise(() => a.add(new Blob(['<script>'], { type: 'text/html' })))
      const { url, release } = yield* promise(() => a.objectUrl(file))
      const served = yield* promise(async () => (await fetch(url)).blob())
      expect([served.type, yield* promise(() => served.text())]).toEqual(['application/octet-stream', '<script>'])
      expect((yield* promise(() => a.open(file))).type).toBe('text/html;charset=utf-8')
      release()
    }),
  ))

test('a pool with a stalled download can be closed', () =>
  run(
    Effect.gen(function* () {
      const { world, b, file } = yield* storedElsewhere
      world.storage.faults.stall = 'request'
      const opening = b.open(file).catch((error: unknown) => error)
      yield* until(b, () => b.transfers.status(file).state === 'downloading')
      yield* promise(() => b.close())
      expect(yield* promise(() => opening)).toMatchObject({ code: 'closed' })
    }),
  ))

describe('content whose first part is deleted while the others arrive', () => {
  const PART = 1_000
  const hashing = { ...testPlatform.hashing, partSize: PART }
  const platform = { ...testPlatform, hashing }

  /** A file of three parts that device A has stored, and device B, whose disk loses the first part in the first download. */
  const cutWhileDownloaded = Effect.gen(function* () {
    const world = memoryWorld({ platform })
    const a = yield* memoryDevice(world, 'a').open({ platform, blobs: memoryBlobStore({ hashing }) })
    const disk = memoryBlobStore({ hashing })
    let isCut = false
    const writePart: BlobStore['writePart'] = async (address, number, bytes) => {
      if (number === 2 && !isCut) {
        isCut = true
        await disk.delete(address)
      }
      await disk.writePart(address, number, bytes)
    }
    const device = memoryDevice(world, 'b')
    const b = yield* device.open({ platform, blobs: { ...disk, writePart } })
    const file = yield* promise(() => a.add(new Blob([sampleBytes(3 * PART)])))
    yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
    const row = () => promise(() => device.index().get('contents', addressOfKey(file.remoteKey)))
    return { b, disk, file, row }
  })

  test('is not listed as on this device, and a pin downloads what is missing by itself', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { b, disk, file, row } = yield* cutWhileDownloaded
        yield* promise(() => b.pin(file.id))
        yield* until(b, () => b.transfers.status(file).state === 'failed')
        expect(b.transfers.status(file)).toMatchObject({ onDevice: false, error: { code: 'disk_failed' } })
        expect(yield* row()).toBeUndefined()
        yield* advanceUntil(() => b.transfers.status(file).onDevice)
        expect(yield* row()).toMatchObject({ size: 3 * PART, pinned: true })
        expect(yield* promise(() => disk.parts(addressOfKey(file.remoteKey)))).toEqual([1, 2, 3])
      }),
    ))

  test('fails to open with an error that a second attempt solves', () =>
    run(
      Effect.gen(function* () {
        const { b, file, row } = yield* cutWhileDownloaded
        yield* promise(() => expect(b.open(file)).rejects.toMatchObject({ code: 'disk_failed' }))
        expect(yield* row()).toBeUndefined()
        expect((yield* promise(() => b.open(file))).size).toBe(3 * PART)
      }),
    ))
})

test('bytes whose row a crash lost get it at the next open, without a network', () =>
  run(
    Effect.gen(function* () {
      const { world, device, b, file } = yield* storedElsewhere
      yield* promise(() => device.blobs.write(new Blob(['reef'])))
      world.storage.faults.offline = true
      expect(b.transfers.status(file)).toMatchObject({ state: 'remote', onDevice: false })
      expect(yield* promise(async () => (await b.open(file)).text())).toBe('reef')
      expect(b.transfers.status(file)).toMatchObject({ state: 'stored', onDevice: true })
    }),
  ))

test('a content cut short on this disk is not said to be there, and is fetched again; pinned, by itself', () =>
  run(
    Effect.gen(function* () {
      const world = memoryWorld()
      const device = memoryDevice(world, 'b')
      const a = yield* memoryDevice(world, 'a').open()
      const disk = failingDisk(device.blobs)
      const b = yield* device.open({ blobs: disk.blobs })
      const file = yield* promise(() => a.add(new Blob(['reef'])))
      yield* until(b, () => b.log.remoteContent(file.remoteKey)?.stored === true)
      yield* promise(() => b.open(file))
      yield* promise(() => b.pin(file.id))
      yield* promise(() => disk.damage(file.remoteKey, cutShort))
      world.storage.faults.offline = true
      yield* promise(() => expect(b.open(file)).rejects.toMatchObject({ code: 'offline' }))
      expect(b.transfers.status(file).onDevice).toBe(false)
      world.storage.faults.offline = false
      yield* promise(() => b.transfers.retry(file))
      yield* until(b, () => b.transfers.status(file).state === 'stored')
      const row = yield* promise(() => device.index().get('contents', addressOfKey(file.remoteKey)))
      expect(row).toMatchObject({ size: 4, pinned: true })
    }),
  ))

test('a pinned file is fetched again when its bytes are found damaged through a file of another bucket', () =>
  run(
    Effect.gen(function* () {
      const buckets = { files: { access: 'store' }, photos: { access: 'store' } } as const
      const world = memoryWorld({ buckets })
      const device = memoryDevice(world, 'b')
      const disk = failingDisk(device.blobs)
      const a = yield* memoryDevice(world, 'a').open({ buckets })
      const b = yield* device.open({ blobs: disk.blobs, buckets })
      const pinned = yield* promise(() => a.add(new Blob(['reef'])))
      const other = yield* promise(() => a.add(new Blob(['reef']), { bucket: 'photos' }))
      yield* until(b, () => [pinned, other].every(({ remoteKey }) => b.log.remoteContent(remoteKey)?.stored === true))
      yield* promise(() => b.pin(pinned.id))
      yield* until(b, () => b.transfers.status(pinned).state === 'stored')
      yield* promise(() => disk.damage(pinned.remoteKey, cutShort))
      world.storage.faults.offline = true
      yield* promise(() => expect(b.open(other)).rejects.toMatchObject({ code: 'offline' }))
      expect(yield* promise(() => device.index().get('transfers', `download:${pinned.remoteKey}`))).toBeDefined()
    }),
  ))
