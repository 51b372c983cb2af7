/** Writing and reading part by part. */
import { digestOfPart, equalBytes, PART_SIZE, partCount, sha256 } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { holds, sampleBytes } from '../sample-bytes.ts'
import { contentOf, type MakeBlobStore, SIZES } from './fixture.ts'

export const partCases = (make: MakeBlobStore): void => {
  describe('writePart', () => {
    test.each(SIZES)('makes a blob of %i bytes from parts in reverse order', async (size) => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await contentOf(size)
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

    test('accepts all parts at once', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await contentOf(2 * PART_SIZE + 5)
      await Promise.all(parts.map((part, i) => store.writePart(address, i + 1, part)))
      expect(await holds(await store.open(address), bytes)).toBe(true)
    })

    test('accepts the same part twice at once', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(PART_SIZE + 5)
      await Promise.all([store.writePart(address, 2, parts[1]!), store.writePart(address, 2, parts[1]!)])
      expect(await store.parts(address)).toEqual([2])
      expect(await holds(await store.openPart(address, 2), parts[1]!)).toBe(true)
    })

    test('keeps an existing part', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(PART_SIZE + 5)
      await store.writePart(address, 2, parts[1]!)
      const before = (await store.list())[0]!
      await store.writePart(address, 2, new Uint8Array(3))
      expect(await holds(await store.openPart(address, 2), parts[1]!)).toBe(true)
      expect(await store.list()).toEqual([before])
    })

    test('keeps the bytes when the caller overwrites its buffer afterwards', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await contentOf(1_000)
      const buffer = parts[0]!.slice()
      await store.writePart(address, 1, buffer)
      buffer.fill(0)
      expect(await holds(await store.open(address), bytes)).toBe(true)
    })

    test('resumes with the stored parts after the store was reopened', async () => {
      await using fixture = await make()
      const { bytes, address, parts } = await contentOf(2 * PART_SIZE + 5)
      await fixture.store.writePart(address, 1, parts[0]!)
      await fixture.store.writePart(address, 3, parts[2]!)
      const store = await fixture.reopen()
      expect(await store.parts(address)).toEqual([1, 3])
      expect(await store.open(address)).toBeUndefined()
      await store.writePart(address, 2, parts[1]!)
      expect(await holds(await store.open(address), bytes)).toBe(true)
    })

    test('lets write complete a partial blob, and stores it once', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await contentOf(2 * PART_SIZE + 5)
      await store.writePart(address, 2, parts[1]!)
      await store.write(new Blob([bytes]))
      expect(await holds(await store.open(address), bytes)).toBe(true)
      expect(await store.list()).toMatchObject([{ address, complete: true, size: bytes.length }])
      expect((await store.usage()).used).toBe(bytes.length)
    })

    test('changes nothing when the blob is complete', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { bytes, address, parts } = await contentOf(PART_SIZE + 5)
      await store.write(new Blob([bytes]))
      await store.writePart(address, 2, parts[1]!)
      expect(await holds(await store.open(address), bytes)).toBe(true)
      expect((await store.usage()).used).toBe(bytes.length)
    })
  })

  describe('parts and openPart', () => {
    test.each(SIZES)('return every part of a complete blob of %i bytes, with its digest', async (size) => {
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

    test('return nothing for missing parts', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(PART_SIZE + 5)
      expect(await store.parts(address)).toEqual([])
      expect(await store.openPart(address, 1)).toBeUndefined()
      expect(await store.open(address)).toBeUndefined()
      await store.writePart(address, 1, parts[0]!)
      expect(await store.openPart(address, 2)).toBeUndefined()
    })
  })
}
