/** Saving a file to a picked one: what is damaged on this disk does not leave it. */
import { addressOfKey } from '@rockpool/protocol'
import { Effect } from 'effect'
import { afterEach, expect, test, vi } from 'vitest'
import { memoryBlobStore } from '../../memory/index.ts'
import { failingDisk, flipLastBit } from '../../testing/failing-disk.ts'
import { memoryDevice, memoryWorld, until } from '../../testing/memory-device.ts'
import { sampleBytes } from '../../testing/sample-bytes.ts'
import { promise, run } from '../../testing/test-effects.ts'
import { testPlatform } from '../../testing/test-platform.ts'

const PART = 1_000
const hashing = { ...testPlatform.hashing, partSize: PART }
const platform = { ...testPlatform, hashing }
const bytes = sampleBytes(3 * PART - 1)

afterEach(() => void vi.unstubAllGlobals())

/** What the person picked: each `createWritable` replaces the file when it is closed, as in a browser. */
const pickedFile = () => {
  const picked = { bytes: undefined as Uint8Array | undefined, opened: 0 }
  const createWritable = async () => {
    picked.opened++
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>()
    const writer = writable.getWriter()
    const written = new Response(readable).bytes()
    written.catch(() => {}) // aborted
    return new WritableStream<Uint8Array<ArrayBuffer>>({
      write: (chunk) => writer.write(chunk),
      abort: (reason) => writer.abort(reason),
      async close() {
        await writer.close()
        picked.bytes = await written
      },
    })
  }
  vi.stubGlobal('showSaveFilePicker', async () => ({ createWritable }))
  return picked
}

/** A file of three parts whose last bit on this disk has flipped. */
const damaged = ({ isStored }: { readonly isStored: boolean }) =>
  Effect.gen(function* () {
    const world = memoryWorld({ platform })
    const disk = failingDisk(memoryBlobStore({ hashing }))
    const pool = yield* memoryDevice(world, 'a').open({ platform, blobs: disk.blobs })
    if (!isStored) yield* promise(() => pool.transfers.pause())
    const file = yield* promise(() => pool.add(new Blob([bytes])))
    if (isStored) yield* until(pool, () => pool.transfers.status(file).state === 'stored')
    yield* promise(() => disk.damage(file.remoteKey, flipLastBit))
    return { pool, file, blobs: disk.blobs, picked: pickedFile() }
  })

test('saves the bytes of object storage when those on disk are damaged, and has them on disk again', () =>
  run(
    Effect.gen(function* () {
      const { pool, file, blobs, picked } = yield* damaged({ isStored: true })
      expect(yield* promise(() => pool.save(file))).toBe(true)
      expect(picked).toEqual({ bytes, opened: 2 })
      const blob = yield* promise(() => blobs.open(addressOfKey(file.remoteKey)))
      expect(yield* promise(() => blob!.bytes())).toEqual(bytes)
    }),
  ))

test('leaves the picked file as it is when the only copy is damaged, and quarantines that', () =>
  run(
    Effect.gen(function* () {
      const { pool, file, blobs, picked } = yield* damaged({ isStored: false })
      yield* promise(() => expect(pool.save(file)).rejects.toMatchObject({ code: 'corrupt' }))
      expect(picked.bytes).toBeUndefined()
      expect(yield* promise(() => blobs.isQuarantined(addressOfKey(file.remoteKey)))).toBe(true)
      expect(pool.transfers.status(file).onDevice).toBe(false)
    }),
  ))
