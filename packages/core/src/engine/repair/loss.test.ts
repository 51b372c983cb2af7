/** Content that object storage lost: how a device finds out, and how it comes back. */
import { addressOfKey, isRockpoolError, RockpoolError } from '@rockpool/protocol'
import { Effect, Exit, Scope, TestClock } from 'effect'
import { describe, expect, test } from 'vitest'
import type { MemoryObject } from '../../memory/signed-objects.ts'
import { testPlatform } from '../../testing/test-platform.ts'
import { remove } from '../../ports/local-index.ts'
import type { Pool } from '../../pool.ts'
import type { Signer } from '../../ports/signer.ts'
import type { FileRecord } from '../../records/record.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { advanceUntil, memoryDevice, memoryWorld, STORE_ID, until } from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

const minutes = (count: number) =>
  Effect.gen(function* () {
    for (let i = 0; i < count * 6; i++) {
      yield* TestClock.adjust('10 seconds')
      yield* promise(async () => {
        for (let turn = 0; turn < 5; turn++) await new Promise<void>((turned) => setImmediate(turned))
      })
    }
  })

const open = (pool: Pool, file: FileRecord) =>
  promise(() =>
    pool.open(file.id).then(
      (blob) => blob.text(),
      (error: unknown) => (isRockpoolError(error) ? error.code : String(error)),
    ),
  )
const countOf = ({ backend }: ReturnType<typeof memoryWorld>, name: string) =>
  backend.confirmed.filter(({ event }) => event.name === name).length
const chance = (random: number) => ({ platform: { ...testPlatform, random: () => random } })

/** Device a has files that are stored; device b has their records. */
const storedFiles = (count: number) =>
  Effect.gen(function* () {
    const world = memoryWorld()
    const deviceB = memoryDevice(world, 'b')
    const a = yield* memoryDevice(world, 'a').open(chance(0.01))
    const files: FileRecord[] = []
    for (let i = 0; i < count; i++) files.push(yield* promise(() => a.add(new Blob([`file ${i}`]))))
    yield* until(a, () => files.every((file) => a.transfers.status(file).state === 'stored'))
    return { world, a, deviceB, files }
  })
const hasAll = (pool: Pool, files: readonly FileRecord[]) =>
  until(pool, () => files.every(({ remoteKey }) => pool.log.remoteContent(remoteKey)?.stored === true))

describe('one lost object', () => {
  test('is found out 10 min after a download missed it, and sent again by the device that has it', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(6)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        const [lost] = files
        world.storage.objects.delete(lost!.remoteKey)
        expect(yield* open(b, lost!)).toBe('storage_suspect')
        yield* minutes(9)
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        yield* minutes(3)
        expect(countOf(world, 'v2.ContentLost')).toBe(1)
        yield* advanceUntil(() => b.log.remoteContent(lost!.remoteKey)?.stored === true)
        expect(yield* open(b, lost!)).toBe('file 0')
        expect(b.sync.current.state).toBe('online')
      }),
    ))

  test('is found out by a device that is closed and opened in between', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(6)
        const [lost] = files
        const scope = yield* Scope.make()
        const first = yield* deviceB.open().pipe(Scope.extend(scope))
        yield* hasAll(first, files)
        world.storage.objects.delete(lost!.remoteKey)
        yield* open(first, lost!)
        yield* minutes(1)
        yield* Scope.close(scope, Exit.void)
        const b = yield* deviceB.open()
        yield* minutes(11)
        expect(countOf(world, 'v2.ContentLost')).toBe(1)
        yield* advanceUntil(() => b.log.remoteContent(lost!.remoteKey)?.stored === true)
      }),
    ))

  test('is found out by a device whose own copy is damaged', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(6)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        const [lost] = files
        yield* open(b, lost!)
        const address = addressOfKey(lost!.remoteKey)
        yield* promise(() => failingDisk(deviceB.blobs).damage(lost!.remoteKey, flipLastBit))
        yield* promise(() => deviceB.blobs.quarantine(address))
        yield* promise(() => deviceB.index().write([remove('contents', address)]))
        world.storage.objects.delete(lost!.remoteKey)
        yield* until(b, () => !b.transfers.status(lost!).onDevice)
        expect(yield* open(b, lost!)).toBe('corrupt')
        yield* minutes(12)
        expect(countOf(world, 'v2.ContentLost')).toBe(1)
        yield* advanceUntil(() => b.log.remoteContent(lost!.remoteKey)?.stored === true)
        expect(yield* open(b, lost!)).toBe('file 0')
      }),
    ))

  test('is found out by a device whose upload has no bytes left to send', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(6)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        const [lost] = files
        yield* promise(() => b.transfers.pause())
        const copy = yield* promise(() => b.add(new Blob(['file 0'])))
        world.storage.objects.delete(lost!.remoteKey)
        yield* promise(() => deviceB.blobs.delete(addressOfKey(lost!.remoteKey)))
        yield* promise(() => b.transfers.resume())
        yield* minutes(12)
        expect(countOf(world, 'v2.ContentLost')).toBe(1)
        yield* advanceUntil(() => b.transfers.status(copy).state === 'remote')
        expect(yield* open(b, copy)).toBe('file 0')
      }),
    ))

  test('that is back before the third question is not lost, and a pinned file comes', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(2)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        const [lost] = files
        const object = world.storage.objects.get(lost!.remoteKey)!
        world.storage.objects.delete(lost!.remoteKey)
        yield* promise(() => b.pin(lost!.id))
        yield* until(b, () => b.transfers.status(lost!).error?.code === 'storage_suspect')
        yield* minutes(6)
        world.storage.objects.set(lost!.remoteKey, object)
        yield* minutes(6)
        yield* until(b, () => b.transfers.status(lost!).state === 'stored')
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        expect(yield* promise(() => deviceB.index().getAll('suspects'))).toEqual([])
      }),
    ))

  test('is not concluded by a device that cannot ask the signer', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(2)
        const signer: Signer = {
          ...world.storage.signer,
          downloadUrl: (request, signal) =>
            request.check
              ? Promise.reject(new RockpoolError('storage_unavailable', 'Later.'))
              : world.storage.signer.downloadUrl(request, signal),
        }
        const b = yield* deviceB.open({ signer })
        yield* hasAll(b, files)
        world.storage.objects.delete(files[0]!.remoteKey)
        yield* open(b, files[0]!)
        yield* minutes(30)
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        expect(yield* promise(() => deviceB.index().getAll('suspects'))).toMatchObject([
          { state: 'checking', misses: 0 },
        ])
      }),
    ))

  test('is not told to others by a user who may only read', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, files } = yield* storedFiles(2)
        const reader = memoryDevice(world, 'b', { sub: 'ada', stores: { [STORE_ID]: ['read'] } })
        const b = yield* reader.open()
        yield* hasAll(b, files)
        world.storage.objects.delete(files[0]!.remoteKey)
        yield* open(b, files[0]!)
        yield* minutes(15)
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        expect(yield* promise(() => reader.index().getAll('suspects'))).toEqual([])
      }),
    ))
})

describe('a signer that points at another S3 bucket', () => {
  test('ends in storage_suspect, not in a log full of losses, and recovers by itself', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(8)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        const errors: string[] = []
        b.on('error', ({ sync }) => sync && errors.push(`${sync.state} ${sync.reason.code}`))
        const elsewhere = new Map<string, MemoryObject>(world.storage.objects)
        world.storage.objects.clear()
        yield* promise(() => b.pin(files[0]!.id))
        for (const file of files.slice(1, 5)) expect(yield* open(b, file)).toBe('storage_suspect')
        yield* minutes(13)
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        expect(b.sync.current).toMatchObject({ state: 'stuck', reason: { code: 'storage_suspect' } })
        expect(errors).toEqual(['stuck storage_suspect'])

        for (const [key, object] of elsewhere) world.storage.objects.set(key, object)
        yield* minutes(16)
        expect(b.sync.current.state).toBe('online')
        yield* until(b, () => b.transfers.status(files[0]!).state === 'stored')
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
      }),
    ))

  test('is told from a loss by content that was stored before it, not by what is stored since', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, a, deviceB, files } = yield* storedFiles(6)
        const b = yield* deviceB.open()
        yield* hasAll(b, files)
        world.storage.objects.clear()
        yield* minutes(1)
        const later: FileRecord[] = []
        for (let i = 0; i < 4; i++) later.push(yield* promise(() => a.add(new Blob([`later ${i}`]))))
        yield* advanceUntil(() => later.every(({ remoteKey }) => world.storage.objects.has(remoteKey)))
        yield* hasAll(b, later)
        yield* open(b, files.at(-1)!)
        yield* minutes(13)
        expect(countOf(world, 'v2.ContentLost')).toBe(0)
        expect(b.sync.current.reason.code).toBe('storage_suspect')
      }),
    ))
})

describe('ContentLost', () => {
  test('sixty times for content that is there makes the device ask once, and append one event', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, a, files } = yield* storedFiles(1)
        const { remoteKey } = files[0]!
        const before = countOf(world, 'v2.ContentStored')
        for (let i = 0; i < 60; i++) {
          a.log.append([{ name: 'v2.ContentLost', opId: `lost-${i}`, args: { remoteKey } }])
          yield* TestClock.adjust('5 seconds')
          yield* promise(() => new Promise<void>((turned) => setImmediate(turned)))
        }
        expect(countOf(world, 'v2.ContentStored')).toBe(before + 1)
        // The last ones are answered, too, by one event.
        yield* minutes(12)
        expect(countOf(world, 'v2.ContentStored')).toBe(before + 2)
        expect(a.transfers.status(files[0]!).state).toBe('stored')
      }),
    ))

  test('makes one of several devices send the bytes', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(1)
        const asked: string[] = []
        const signer: Signer = {
          ...world.storage.signer,
          uploadUrl(request, signal) {
            asked.push(request.key)
            return world.storage.signer.uploadUrl(request, signal)
          },
        }
        const b = yield* deviceB.open({ ...chance(0.9), signer })
        yield* hasAll(b, files)
        const [file] = files
        expect(yield* open(b, file!)).toBe('file 0')
        world.storage.objects.clear()
        b.log.append([{ name: 'v2.ContentLost', opId: 'lost', args: { remoteKey: file!.remoteKey } }])
        yield* minutes(2)
        expect(world.storage.objects.has(file!.remoteKey)).toBe(true)
        expect(b.log.remoteContent(file!.remoteKey)?.proved).toBe(true)
        expect(asked).toEqual([])
        expect(b.transfers.status(file!)).toMatchObject({ state: 'stored', onDevice: true })
      }),
    ))

  test('is healed by a second device when the first one has lost its bytes, too', () =>
    runWithTestClock(
      Effect.gen(function* () {
        const { world, deviceB, files } = yield* storedFiles(1)
        const b = yield* deviceB.open(chance(0.9))
        yield* hasAll(b, files)
        const [file] = files
        yield* open(b, file!)
        expect(yield* promise(() => deviceB.blobs.parts(addressOfKey(file!.remoteKey)))).toEqual([1])
        world.storage.objects.clear()
        world.backend.disconnect('a')
        b.log.append([{ name: 'v2.ContentLost', opId: 'lost', args: { remoteKey: file!.remoteKey } }])
        yield* minutes(2)
        expect(world.storage.objects.has(file!.remoteKey)).toBe(true)
      }),
    ))
})
