/** Writing whole blobs. */
import { hashContent, PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { chunked, holds, sampleBytes } from '../sample-bytes.ts'
import { type MakeBlobStore, SIZES, summary } from './fixture.ts'

export const writeCases = (make: MakeBlobStore): void => {
  describe('write', () => {
    test.each(SIZES)('stores a Blob of %i bytes unchanged', async (size) => {
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
    ])('stores a stream of unknown length ($size bytes in chunks of $chunks)', async ({ size, chunks }) => {
      await using fixture = await make()
      const { store } = fixture
      const bytes = sampleBytes(size, 2)
      const written = await store.write(chunked(bytes, chunks))
      expect(summary(written)).toEqual(summary(await hashContent([bytes])))
      expect(await holds(await store.open(written.address), bytes)).toBe(true)
    })

    test('stores a stream with empty chunks', async () => {
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

    test('survives a reopening of the store', async () => {
      await using fixture = await make()
      const bytes = sampleBytes(PART_SIZE + 1, 3)
      const { address } = await fixture.store.write(new Blob([bytes]))
      const store = await fixture.reopen()
      expect(await holds(await store.open(address), bytes)).toBe(true)
      expect(await store.parts(address)).toEqual([1, 2])
    })

    test('reports ascending progress up to the size', async () => {
      await using fixture = await make()
      const size = 2 * PART_SIZE + 5
      const told: number[] = []
      await fixture.store.write(chunked(sampleBytes(size), [1_000_003]), { onProgress: (bytes) => told.push(bytes) })
      expect(told.length).toBeGreaterThan(1)
      expect(told).toEqual(told.toSorted((a, b) => a - b))
      expect(told.at(-1)).toBe(size)
    })

    test('stores the same content once', async () => {
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

    test('stores the same content once when it is written concurrently', async () => {
      await using fixture = await make()
      const { store } = fixture
      const bytes = sampleBytes(PART_SIZE + 1)
      const written = await Promise.all([1, 2, 3, 4].map(() => store.write(new Blob([bytes]))))
      expect(new Set(written.map(({ address }) => address)).size).toBe(1)
      expect(await store.list()).toHaveLength(1)
      expect(await holds(await store.open(written[0]!.address), bytes)).toBe(true)
    })

    test('stores different content concurrently', async () => {
      await using fixture = await make()
      const { store } = fixture
      const contents = Array.from({ length: 8 }, (_, i) => sampleBytes(i === 0 ? PART_SIZE + 7 : i * 10_007, i + 1))
      const written = await Promise.all(contents.map((bytes) => store.write(chunked(bytes))))
      expect(await store.list()).toHaveLength(contents.length)
      const read = written.map(async ({ address }, i) => holds(await store.open(address), contents[i]!))
      expect(await Promise.all(read)).toEqual(contents.map(() => true))
    })
  })

  test('accepts exactly maxSize bytes', async () => {
    await using fixture = await make()
    const bytes = sampleBytes(PART_SIZE + 1)
    const { address } = await fixture.store.write(chunked(bytes), { maxSize: bytes.length })
    expect(await holds(await fixture.store.open(address), bytes)).toBe(true)
  })
}
