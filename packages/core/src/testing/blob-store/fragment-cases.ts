/** Bytes of parts that have not arrived whole. */
import { PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { BlobStore } from '../../ports/blob-store.ts'
import { sampleBytes } from '../sample-bytes.ts'
import { contentOf, type MakeBlobStore } from './fixture.ts'

const SIZE = PART_SIZE + 1_000

const summaryOf = async (store: BlobStore, address: Parameters<BlobStore['fragments']>[0]) => {
  const fragments = await store.fragments(address)
  const summaries = fragments.map(async ({ number, start, bytes }) => ({ number, start, bytes: await bytes.bytes() }))
  return (await Promise.all(summaries)).toSorted((a, b) => a.number - b.number || a.start - b.start)
}

export const fragmentCases = (make: MakeBlobStore): void => {
  describe('fragments', () => {
    test('are returned as they were written, also after the store was reopened', async () => {
      await using fixture = await make()
      const { address, bytes } = await contentOf(SIZE)
      const other = await contentOf(10, 8)
      await fixture.store.writeFragment(address, 1, 0, bytes.slice(0, 300))
      await fixture.store.writeFragment(address, 1, 300, bytes.slice(300, 500))
      await fixture.store.writeFragment(address, 2, 0, bytes.slice(PART_SIZE, PART_SIZE + 20))
      await fixture.store.writeFragment(other.address, 1, 0, other.bytes.slice(0, 5))
      const expected = [
        { number: 1, start: 0, bytes: bytes.slice(0, 300) },
        { number: 1, start: 300, bytes: bytes.slice(300, 500) },
        { number: 2, start: 0, bytes: bytes.slice(PART_SIZE, PART_SIZE + 20) },
      ]
      expect(await summaryOf(fixture.store, address)).toEqual(expected)
      const store = await fixture.reopen()
      expect(await summaryOf(store, address)).toEqual(expected)
      expect(await summaryOf(store, other.address)).toHaveLength(1)
    })

    test('are never taken for a part or a blob, however long they are', async () => {
      await using fixture = await make()
      const { store } = fixture
      const small = await contentOf(10)
      const large = await contentOf(SIZE, 8)
      for (const { address, parts } of [small, large]) {
        for (const [i, part] of parts.entries()) await store.writeFragment(address, i + 1, 0, part)
        expect(await store.parts(address)).toEqual([])
        expect(await store.openPart(address, 1)).toBeUndefined()
        expect(await store.open(address)).toBeUndefined()
      }
      const listed = (await store.list()).map(({ address, size, complete }) => ({ address, size, complete }))
      expect(listed.toSorted((a, b) => a.size - b.size)).toEqual([
        { address: small.address, size: 10, complete: false },
        { address: large.address, size: SIZE, complete: false },
      ])
      expect((await store.usage()).used).toBe(SIZE + 10)
    })

    test('go when their part is written, and those of other parts stay', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(SIZE)
      for (const number of [1, 2]) await store.writeFragment(address, number, 0, sampleBytes(100, number))
      await store.writePart(address, 2, parts[1]!)
      expect(await summaryOf(store, address)).toEqual([{ number: 1, start: 0, bytes: sampleBytes(100, 1) }])
      await store.writeFragment(address, 2, 0, sampleBytes(100))
      expect(await summaryOf(store, address)).toHaveLength(1)
      await store.writePart(address, 1, parts[0]!)
      expect((await store.usage()).used).toBe(SIZE)
    })

    test.each(['write', 'quarantine', 'delete', 'deleteFragments'] as const)('go by %s', async (method) => {
      await using fixture = await make()
      const { store } = fixture
      const { address, bytes } = await contentOf(SIZE)
      await store.writeFragment(address, 2, 0, sampleBytes(100))
      if (method === 'write') await store.write(new Blob([bytes]))
      else await store[method](address)
      expect(await store.fragments(address)).toEqual([])
      expect((await store.usage()).used).toBe(method === 'write' ? SIZE : 0)
      expect(await store.isQuarantined(address)).toBe(false)
    })

    test('deleteFragments keeps parts', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(SIZE)
      await store.writePart(address, 2, parts[1]!)
      await store.writeFragment(address, 1, 0, sampleBytes(100))
      await store.deleteFragments(address)
      expect(await store.parts(address)).toEqual([2])
      expect((await store.usage()).used).toBe(parts[1]!.length)
    })
  })
}
