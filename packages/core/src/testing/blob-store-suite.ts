import {
  addressParts,
  type ContentDigest,
  digestOfPart,
  equalBytes,
  hashContent,
  PART_SIZE,
  partCount,
  partRange,
  sha256,
} from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { BlobStore } from '../ports/blob-store.ts'
import { chunked, holds, sampleBytes } from './sample-bytes.ts'

export interface BlobStoreFixture extends AsyncDisposable {
  readonly store: BlobStore
  /** Closes the store and opens another one on the same disk. */
  reopen(): Promise<BlobStore>
}

const SIZES = [0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1, 2 * PART_SIZE + 5]

/** What every BlobStore must do. `make` gives an empty one, and removes it when it is disposed of. */
export const blobStoreSuite = (name: string, make: () => Promise<BlobStoreFixture>): void => {
  describe(`BlobStore: ${name}`, () => {
    describe('write', () => {
      test.each(SIZES)('a Blob of %i bytes opens as it was', async (size) => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(size)
        const written = await store.write(new Blob([bytes]))
        expect(summary(written)).toEqual(summary(await hashContent([bytes])))
        expect(await holds(await store.open(written.address), bytes)).toBe(true)
      })

      test.each([
        { size: 0, chunks: [1] },
        { size: 1, chunks: [1] },
        { size: 100_003, chunks: [1, 7, 4_096, 65_537] },
        { size: PART_SIZE, chunks: [PART_SIZE] },
        { size: PART_SIZE + 1, chunks: [PART_SIZE] },
        { size: 2 * PART_SIZE + 5, chunks: [1_000_003] },
        { size: 2 * PART_SIZE + 5, chunks: [2 * PART_SIZE + 5] },
      ])('a stream of unknown length ($size bytes in chunks of $chunks)', async ({ size, chunks }) => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(size, 2)
        const written = await store.write(chunked(bytes, chunks))
        expect(summary(written)).toEqual(summary(await hashContent([bytes])))
        expect(await holds(await store.open(written.address), bytes)).toBe(true)
      })

      test('a stream with empty chunks', async () => {
        await using fixture = await make()
        const bytes = sampleBytes(10)
        const source = new ReadableStream<Uint8Array>({
          start(controller) {
            for (const chunk of [new Uint8Array(), bytes.slice(0, 4), new Uint8Array(), bytes.slice(4)])
              controller.enqueue(chunk)
            controller.close()
          },
        })
        const { address } = await fixture.store.write(source)
        expect(await holds(await fixture.store.open(address), bytes)).toBe(true)
      })

      test('is there when the store is opened again', async () => {
        await using fixture = await make()
        const bytes = sampleBytes(PART_SIZE + 1, 3)
        const { address } = await fixture.store.write(new Blob([bytes]))
        const store = await fixture.reopen()
        expect(await holds(await store.open(address), bytes)).toBe(true)
        expect(await store.parts(address)).toEqual([1, 2])
      })

      test('tells its progress, ascending, up to the size', async () => {
        await using fixture = await make()
        const size = 2 * PART_SIZE + 5
        const told: number[] = []
        await fixture.store.write(chunked(sampleBytes(size), [1_000_003]), { onProgress: (bytes) => told.push(bytes) })
        expect(told.length).toBeGreaterThan(1)
        expect(told).toEqual(told.toSorted((a, b) => a - b))
        expect(told.at(-1)).toBe(size)
      })

      test('the same content twice is kept once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(PART_SIZE + 1)
        const first = await store.write(new Blob([bytes]))
        const second = await store.write(chunked(bytes))
        expect(summary(second)).toEqual(summary(first))
        expect(await store.list()).toHaveLength(1)
        expect((await store.usage()).used).toBe(bytes.length)
        expect(await holds(await store.open(first.address), bytes)).toBe(true)
      })

      test('the same content several times at once is kept once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(PART_SIZE + 1)
        const written = await Promise.all([1, 2, 3, 4].map(() => store.write(new Blob([bytes]))))
        expect(new Set(written.map(({ address }) => address)).size).toBe(1)
        expect(await store.list()).toHaveLength(1)
        expect(await holds(await store.open(written[0]!.address), bytes)).toBe(true)
      })

      test('different contents at once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const contents = Array.from({ length: 8 }, (_, i) => sampleBytes(i === 0 ? PART_SIZE + 7 : i * 10_007, i + 1))
        const written = await Promise.all(contents.map((bytes) => store.write(chunked(bytes))))
        expect(await store.list()).toHaveLength(contents.length)
        const read = written.map(async ({ address }, i) => holds(await store.open(address), contents[i]!))
        expect(await Promise.all(read)).toEqual(contents.map(() => true))
      })
    })

    describe('a write that fails leaves nothing behind and the store usable', () => {
      const nothingLeft = async ({ store }: BlobStoreFixture): Promise<void> => {
        expect(await store.list()).toEqual([])
        await store.sweep()
        expect(await store.sweep()).toBe(0)
        expect((await store.usage()).used).toBe(0)
        const bytes = sampleBytes(100, 9)
        const { address } = await store.write(new Blob([bytes]))
        expect(await holds(await store.open(address), bytes)).toBe(true)
      }

      test.each([0, 1, PART_SIZE + 5])('a source that errors after %i bytes: source_failed', async (size) => {
        await using fixture = await make()
        const reason = new Error('unplugged')
        const { source } = pushed(sampleBytes(size), (controller) => controller.error(reason))
        await expect(fixture.store.write(source)).rejects.toMatchObject({
          name: 'RockpoolError',
          code: 'source_failed',
        })
        await nothingLeft(fixture)
      })

      test('a stream of something else than bytes: source_failed', async () => {
        await using fixture = await make()
        const source = new ReadableStream({
          start(controller) {
            controller.enqueue('text')
            controller.close()
          },
        })
        await expect(fixture.store.write(source)).rejects.toMatchObject({ code: 'source_failed' })
        await nothingLeft(fixture)
      })

      test('a stream that somebody else reads: source_failed', async () => {
        await using fixture = await make()
        const source = chunked(sampleBytes(10))
        source.getReader()
        await expect(fixture.store.write(source)).rejects.toMatchObject({ code: 'source_failed' })
        await nothingLeft(fixture)
      })

      test('a signal that is aborted already: aborted', async () => {
        await using fixture = await make()
        const write = fixture.store.write(new Blob([sampleBytes(10)]), { signal: AbortSignal.abort() })
        await expect(write).rejects.toMatchObject({ code: 'aborted' })
        await nothingLeft(fixture)
      })

      test.each([0, 1, PART_SIZE + 5])(
        'an abort while the source is silent after %i bytes: aborted, and the source is cancelled',
        async (size) => {
          await using fixture = await make()
          const stop = new AbortController()
          const { source, pulled, cancelled } = pushed(sampleBytes(size))
          const write = fixture.store.write(source, { signal: stop.signal })
          await pulled
          stop.abort(new Error('changed my mind'))
          await expect(write).rejects.toMatchObject({ name: 'RockpoolError', code: 'aborted' })
          await cancelled
          await nothingLeft(fixture)
        },
      )

      test('an abort while bytes flow: aborted', async () => {
        await using fixture = await make()
        const stop = new AbortController()
        const source = chunked(sampleBytes(3 * PART_SIZE), [1_000_000])
        const write = fixture.store.write(source, { signal: stop.signal, onProgress: () => stop.abort() })
        await expect(write).rejects.toMatchObject({ code: 'aborted' })
        await nothingLeft(fixture)
      })

      test.each([
        { size: 11, maxSize: 10 },
        { size: 1, maxSize: 0 },
        { size: PART_SIZE + 1, maxSize: PART_SIZE },
        { size: 2 * PART_SIZE, maxSize: 5 },
      ])('$size bytes where $maxSize are allowed: too_large', async ({ size, maxSize }) => {
        await using fixture = await make()
        const bytes = sampleBytes(size)
        for (const source of [new Blob([bytes]), chunked(bytes)]) {
          await expect(fixture.store.write(source, { maxSize })).rejects.toMatchObject({ code: 'too_large' })
        }
        await nothingLeft(fixture)
      })

      test('an endless source past maxSize: too_large, and the source is cancelled', async () => {
        await using fixture = await make()
        const chunk = sampleBytes(65_536)
        const cancelled = Promise.withResolvers<void>()
        const source = new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(chunk),
          cancel: () => cancelled.resolve(),
        })
        await expect(fixture.store.write(source, { maxSize: 200_000 })).rejects.toMatchObject({ code: 'too_large' })
        await cancelled.promise
        await nothingLeft(fixture)
      })

      test('others that run beside it are not disturbed', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(PART_SIZE + 5, 4)
        const stop = new AbortController()
        const failing = pushed(bytes, (controller) => controller.error(new Error('unplugged')))
        const stopped = pushed(bytes)
        const writes = Promise.allSettled([
          store.write(failing.source),
          store.write(stopped.source, { signal: stop.signal }),
          store.write(chunked(bytes)),
        ])
        await stopped.pulled
        stop.abort()
        expect((await writes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
        const { address } = await hashContent([bytes])
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })
    })

    test('maxSize bytes exactly are allowed', async () => {
      await using fixture = await make()
      const bytes = sampleBytes(PART_SIZE + 1)
      const { address } = await fixture.store.write(chunked(bytes), { maxSize: bytes.length })
      expect(await holds(await fixture.store.open(address), bytes)).toBe(true)
    })

    describe('writePart', () => {
      test.each(SIZES)('all parts of %i bytes, last one first, open as the whole', async (size) => {
        await using fixture = await make()
        const { store } = fixture
        const { bytes, address, parts } = await content(size)
        for (let number = parts.length; number >= 1; number--) {
          expect(await store.open(address)).toBeUndefined()
          await store.writePart(address, number, parts[number - 1]!)
          const present = parts.map((_, i) => i + 1).slice(number - 1)
          expect(await store.parts(address)).toEqual(present)
          expect(await store.list()).toMatchObject([
            {
              address,
              complete: number === 1,
              size: present.reduce((sum, n) => sum + parts[n - 1]!.length, 0),
            },
          ])
        }
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })

      test('all parts at once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { bytes, address, parts } = await content(2 * PART_SIZE + 5)
        await Promise.all(parts.map((part, i) => store.writePart(address, i + 1, part)))
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })

      test('the same part twice at once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { address, parts } = await content(PART_SIZE + 5)
        await Promise.all([store.writePart(address, 2, parts[1]!), store.writePart(address, 2, parts[1]!)])
        expect(await store.parts(address)).toEqual([2])
        expect(await holds(await store.openPart(address, 2), parts[1]!)).toBe(true)
      })

      test('a part that is there is left as it is', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { address, parts } = await content(PART_SIZE + 5)
        await store.writePart(address, 2, parts[1]!)
        const before = (await store.list())[0]!
        await store.writePart(address, 2, new Uint8Array(3))
        expect(await holds(await store.openPart(address, 2), parts[1]!)).toBe(true)
        expect(await store.list()).toEqual([before])
      })

      test('keeps bytes that the caller overwrites afterwards', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { bytes, address, parts } = await content(1_000)
        const buffer = parts[0]!.slice()
        await store.writePart(address, 1, buffer)
        buffer.fill(0)
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })

      test('parts are there when the store is opened again, and the rest can follow', async () => {
        await using fixture = await make()
        const { bytes, address, parts } = await content(2 * PART_SIZE + 5)
        await fixture.store.writePart(address, 1, parts[0]!)
        await fixture.store.writePart(address, 3, parts[2]!)
        const store = await fixture.reopen()
        expect(await store.parts(address)).toEqual([1, 3])
        expect(await store.open(address)).toBeUndefined()
        await store.writePart(address, 2, parts[1]!)
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })

      test('write of a content of which some parts are there makes it whole, kept once', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { bytes, address, parts } = await content(2 * PART_SIZE + 5)
        await store.writePart(address, 2, parts[1]!)
        await store.write(new Blob([bytes]))
        expect(await holds(await store.open(address), bytes)).toBe(true)
        expect(await store.list()).toMatchObject([{ address, complete: true, size: bytes.length }])
        expect((await store.usage()).used).toBe(bytes.length)
      })

      test('of a content that is whole changes nothing', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { bytes, address, parts } = await content(PART_SIZE + 5)
        await store.write(new Blob([bytes]))
        await store.writePart(address, 2, parts[1]!)
        expect(await holds(await store.open(address), bytes)).toBe(true)
        expect((await store.usage()).used).toBe(bytes.length)
      })
    })

    describe('parts and openPart', () => {
      test.each(SIZES)('of a whole content of %i bytes: all, each with its digest', async (size) => {
        await using fixture = await make()
        const { store } = fixture
        const { address, digests } = await store.write(new Blob([sampleBytes(size)]))
        const numbers = Array.from({ length: partCount(size) }, (_, i) => i + 1)
        expect(await store.parts(address)).toEqual(numbers)
        for (const number of numbers) {
          const part = await store.openPart(address, number)
          const digest = await sha256(await part!.arrayBuffer())
          expect(equalBytes(digest, digestOfPart(digests, number))).toBe(true)
        }
      })

      test('of what is not there: none', async () => {
        await using fixture = await make()
        const { store } = fixture
        const { address, parts } = await content(PART_SIZE + 5)
        expect(await store.parts(address)).toEqual([])
        expect(await store.openPart(address, 1)).toBeUndefined()
        expect(await store.open(address)).toBeUndefined()
        await store.writePart(address, 1, parts[0]!)
        expect(await store.openPart(address, 2)).toBeUndefined()
      })
    })

    test('a slice of an opened Blob across a part boundary, and a second reading', async () => {
      await using fixture = await make()
      const { store } = fixture
      const whole = await content(2 * PART_SIZE + 5, 5)
      const inParts = await content(2 * PART_SIZE + 5, 6)
      await store.write(new Blob([whole.bytes]))
      for (const [i, part] of inParts.parts.entries()) await store.writePart(inParts.address, i + 1, part)
      for (const { address, bytes } of [whole, inParts]) {
        const blob = (await store.open(address))!
        expect(blob.size).toBe(bytes.length)
        const [start, end] = [PART_SIZE - 10, PART_SIZE + 10]
        expect(await holds(blob.slice(start, end), bytes.slice(start, end))).toBe(true)
        expect(await holds(blob, bytes)).toBe(true)
        expect(await holds(blob, bytes)).toBe(true)
      }
    })

    test('an opened Blob stays readable while the same content is written again', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await content(PART_SIZE + 5)
      for (const [i, part] of parts.entries()) await store.writePart(address, i + 1, part)
      const blob = (await store.open(address))!
      await store.write(new Blob([bytes]))
      await store.writePart(address, 1, parts[0]!)
      await store.sweep()
      expect(await holds(blob, bytes)).toBe(true)
    })

    describe('delete', () => {
      test('removes a whole content and one in parts, and no other', async () => {
        await using fixture = await make()
        const { store } = fixture
        const kept = await store.write(new Blob([sampleBytes(10, 1)]))
        const whole = await store.write(new Blob([sampleBytes(PART_SIZE + 1, 2)]))
        const inParts = await content(PART_SIZE + 5, 3)
        await store.writePart(inParts.address, 2, inParts.parts[1]!)
        for (const address of [whole.address, inParts.address]) {
          await store.delete(address)
          expect(await store.open(address)).toBeUndefined()
          expect(await store.parts(address)).toEqual([])
        }
        expect((await store.list()).map(({ address }) => address)).toEqual([kept.address])
        expect((await store.usage()).used).toBe(10)
      })

      test('of what is not there: nothing happens', async () => {
        await using fixture = await make()
        const { address } = await content(10)
        await fixture.store.delete(address)
        expect(await fixture.store.list()).toEqual([])
      })

      test('then write brings it back', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(PART_SIZE + 1)
        const { address } = await store.write(new Blob([bytes]))
        await store.delete(address)
        await store.write(new Blob([bytes]))
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })
    })

    describe('quarantine', () => {
      test('makes a content absent, whole or in parts, and keeps its bytes', async () => {
        await using fixture = await make()
        const { store } = fixture
        const whole = await store.write(new Blob([sampleBytes(10)]))
        const large = await store.write(new Blob([sampleBytes(PART_SIZE + 1, 2)]))
        const inParts = await content(PART_SIZE + 5, 3)
        for (const number of [1, 2]) await store.writePart(inParts.address, number, inParts.parts[number - 1]!)
        const { used } = await store.usage()
        for (const { address } of [whole, large, inParts]) {
          expect(await store.isQuarantined(address)).toBe(false)
          await store.quarantine(address)
          expect(await store.isQuarantined(address)).toBe(true)
          expect(await store.open(address)).toBeUndefined()
          expect(await store.openPart(address, 1)).toBeUndefined()
          expect(await store.parts(address)).toEqual([])
        }
        expect(await store.list()).toEqual([])
        expect((await store.usage()).used).toBe(used)
      })

      test('of what is not there: nothing happens', async () => {
        await using fixture = await make()
        const { address } = await content(10)
        await fixture.store.quarantine(address)
        expect(await fixture.store.isQuarantined(address)).toBe(false)
      })

      test('the content can be written again, and a sweep then removes the damaged bytes', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(10)
        const { address } = await store.write(new Blob([bytes]))
        const other = await store.write(new Blob([sampleBytes(20, 2)]))
        const inParts = await content(PART_SIZE + 5, 3)
        for (const number of [1, 2]) await store.writePart(inParts.address, number, inParts.parts[number - 1]!)
        for (const damaged of [address, other.address, inParts.address]) await store.quarantine(damaged)
        expect(await store.sweep()).toBe(0)
        await store.write(new Blob([bytes]))
        await store.writePart(inParts.address, 1, inParts.parts[0]!)
        expect(await store.isQuarantined(address)).toBe(true)
        expect(await store.sweep()).toBe(1)
        expect(await store.isQuarantined(address)).toBe(false)
        expect(await store.isQuarantined(other.address)).toBe(true)
        expect(await store.isQuarantined(inParts.address)).toBe(true)
        expect(await holds(await store.open(address), bytes)).toBe(true)
      })

      test('a second time replaces the first; delete removes the damaged bytes', async () => {
        await using fixture = await make()
        const { store } = fixture
        const bytes = sampleBytes(10)
        const { address } = await store.write(new Blob([bytes]))
        await store.quarantine(address)
        await store.write(new Blob([bytes]))
        await store.quarantine(address)
        expect((await store.usage()).used).toBe(10)
        await store.delete(address)
        expect(await store.isQuarantined(address)).toBe(false)
        expect((await store.usage()).used).toBe(0)
      })
    })

    test('list names every content with size and time', async () => {
      await using fixture = await make()
      const { store } = fixture
      expect(await store.list()).toEqual([])
      const before = Date.now()
      const sizes = [0, 1, PART_SIZE + 1]
      const written: ContentDigest[] = []
      for (const size of sizes) written.push(await store.write(new Blob([sampleBytes(size, size + 1)])))
      const after = Date.now()
      const listed = (await store.list()).toSorted((a, b) => a.size - b.size)
      expect(listed.map(({ address, size, complete }) => ({ address, size, complete }))).toEqual(
        written.map(({ address }, i) => ({ address, size: sizes[i], complete: true })),
      )
      for (const { modifiedAt } of listed) {
        // File systems keep times to the second or better.
        expect(modifiedAt).toBeGreaterThanOrEqual(before - 1_000)
        expect(modifiedAt).toBeLessThanOrEqual(after + 1_000)
      }
    })

    test('usage counts the bytes held', async () => {
      await using fixture = await make()
      const { store } = fixture
      expect((await store.usage()).used).toBe(0)
      await store.write(new Blob([sampleBytes(1_000)]))
      const { address, parts } = await content(PART_SIZE + 5)
      await store.writePart(address, 2, parts[1]!)
      const { used, quota } = await store.usage()
      expect(used).toBe(1_005)
      expect(quota).toBeGreaterThan(used)
    })

    test('sweep spares a write that is under way, and what is there', async () => {
      await using fixture = await make()
      const { store } = fixture
      const there = await store.write(new Blob([sampleBytes(10, 1)]))
      const bytes = sampleBytes(PART_SIZE + 5, 2)
      const rest = Promise.withResolvers<void>()
      const { source, pulled } = pushed(bytes, async (controller) => {
        await rest.promise
        controller.close()
      })
      const write = store.write(source)
      await pulled
      expect(await store.sweep()).toBe(0)
      rest.resolve()
      const { address } = await write
      expect(await holds(await store.open(address), bytes)).toBe(true)
      expect(await holds(await store.open(there.address), sampleBytes(10, 1))).toBe(true)
      expect(await store.sweep()).toBe(0)
    })

    test('erase removes everything', async () => {
      await using fixture = await make()
      const written = await fixture.store.write(new Blob([sampleBytes(PART_SIZE + 1)]))
      const { address, parts } = await content(PART_SIZE + 5, 2)
      await fixture.store.writePart(address, 1, parts[0]!)
      await fixture.store.erase()
      const store = await fixture.reopen()
      expect(await store.list()).toEqual([])
      expect(await store.open(written.address)).toBeUndefined()
      expect((await store.usage()).used).toBe(0)
    })
  })
}

const summary = ({ address, size, digests }: ContentDigest) => ({ address, size, digests: [...digests] })

/** Bytes, their address, and their parts. */
const content = async (size: number, seed = 7) => {
  const bytes = sampleBytes(size, seed)
  const { address } = await hashContent([bytes])
  const parts = Array.from({ length: addressParts(address) }, (_, i) => {
    const { start, end } = partRange(size, i + 1)
    return bytes.slice(start, end)
  })
  return { bytes, address, parts }
}

/** A stream that gives `bytes` and then does as told; silent for ever when nothing is told. */
const pushed = (
  bytes: Uint8Array,
  then: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void> = () => new Promise(() => {}),
) => {
  const pulled = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  let given = false
  const source = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (!given && bytes.length > 0) {
          given = true
          return controller.enqueue(bytes)
        }
        pulled.resolve()
        return then(controller)
      },
      cancel: () => cancelled.resolve(),
    },
    { highWaterMark: 0 },
  )
  return { source, pulled: pulled.promise, cancelled: cancelled.promise }
}
