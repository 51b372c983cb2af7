import { addressOfKey, RockpoolError } from '@rockpool/protocol'
import { Effect } from 'effect'
import { expect, test } from 'vitest'
import type { Pool } from '../../pool.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { promise, runWithTestClock } from '../../testing/test-effects.ts'

/** A device with three files that object storage has, too. */
const threeFiles = Effect.gen(function* () {
  const device = memoryDevice(memoryWorld(), 'a')
  const disk = failingDisk(device.blobs)
  const pool = yield* device.open({ blobs: disk.blobs })
  const files = yield* promise(() => Promise.all(['reef', 'kelp!', 'shell.'].map((text) => pool.add(new Blob([text])))))
  yield* until(pool, () => files.every((file) => pool.transfers.status(file).state === 'stored'))
  return { disk, pool, files }
})

const textOf = (pool: Pool, file: { readonly id: string }) => promise(async () => (await pool.open(file.id)).text())

test('a disk that is as it was written has nothing to report', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { pool } = yield* threeFiles
      const progress: (readonly [number, number])[] = []
      const onProgress = (bytes: number, total: number) => void progress.push([bytes, total])
      expect(yield* promise(() => pool.verify({ onProgress }))).toEqual({ bytes: 15, damaged: [], unreadable: [] })
      expect(progress.at(-1)).toEqual([15, 15])
    }),
  ))

test('a flipped bit is found and named, is not served, and the file comes again', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, files } = yield* threeFiles
      yield* promise(() => disk.damage(files[1]!.remoteKey, flipLastBit))
      const { damaged } = yield* promise(() => pool.verify())
      expect(damaged.map(({ id }) => id)).toEqual([files[1]!.id])
      expect(pool.transfers.status(files[1]!)).toMatchObject({ state: 'remote', onDevice: false })
      expect(yield* promise(() => disk.blobs.isQuarantined(addressOfKey(files[1]!.remoteKey)))).toBe(true)
      expect(yield* textOf(pool, files[1]!)).toBe('kelp!')
      expect((yield* promise(() => pool.verify())).damaged).toEqual([])
    }),
  ))

test('a damaged content of a pinned file comes again by itself', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, files } = yield* threeFiles
      yield* promise(() => pool.pin(files[0]!.id))
      yield* promise(() => disk.damage(files[0]!.remoteKey, flipLastBit))
      yield* promise(() => pool.verify())
      yield* until(pool, () => pool.transfers.status(files[0]!).onDevice)
    }),
  ))

test('bytes that are gone are reported: the list of files does not say that they are here', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, files } = yield* threeFiles
      yield* promise(() => disk.blobs.delete(addressOfKey(files[2]!.remoteKey)))
      expect((yield* promise(() => pool.verify())).damaged).toEqual([files[2]])
      expect(pool.transfers.status(files[2]!).onDevice).toBe(false)
    }),
  ))

test('bytes that cannot be read now stay where they are, and the others are read', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { disk, pool, files } = yield* threeFiles
      const { open } = disk.blobs
      const failing = addressOfKey(files[0]!.remoteKey)
      Object.assign(disk.blobs, {
        open: async (address: string) => {
          if (address === failing) throw new RockpoolError('disk_failed', 'The disk does not answer.')
          return open(address as typeof failing)
        },
      })
      const report = yield* promise(() => pool.verify())
      expect(report).toEqual({ bytes: 11, damaged: [], unreadable: [files[0]] })
      Object.assign(disk.blobs, { open })
      expect(yield* textOf(pool, files[0]!)).toBe('reef')
    }),
  ))

test('stops where the caller does', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { pool } = yield* threeFiles
      const stop = new AbortController()
      const verifying = pool.verify({ signal: stop.signal, onProgress: () => stop.abort() })
      yield* promise(() => expect(verifying).rejects.toMatchObject({ code: 'aborted' }))
    }),
  ))

test('an onProgress that throws ends it, and says nothing of the files', () =>
  runWithTestClock(
    Effect.gen(function* () {
      const { pool, files } = yield* threeFiles
      const onProgress = () => {
        throw new Error('The progress bar is gone.')
      }
      const failing = pool.verify({ onProgress })
      yield* promise(() => expect(failing).rejects.toThrow('The progress bar is gone.'))
      expect(files.every((file) => pool.transfers.status(file).onDevice)).toBe(true)
    }),
  ))
