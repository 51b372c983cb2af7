/** Deleting, quarantine, sweeps and erasing. */
import { PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { holds, sampleBytes } from '../sample-bytes.ts'
import { contentOf, controlledStream, damagedContent, type MakeBlobStore } from './fixture.ts'

export const removalCases = (make: MakeBlobStore): void => {
  describe('delete', () => {
    test('deletes complete and partial blobs, and no others', async () => {
      await using fixture = await make()
      const { store } = fixture
      const kept = await store.write(new Blob([sampleBytes(10, 1)]))
      const whole = await store.write(new Blob([sampleBytes(PART_SIZE + 1, 2)]))
      const inParts = await contentOf(PART_SIZE + 5, 3)
      await store.writePart(inParts.address, 2, inParts.parts[1]!)
      for (const address of [whole.address, inParts.address]) {
        await store.delete(address)
        expect(await store.open(address)).toBeUndefined()
        expect(await store.parts(address)).toEqual([])
      }
      expect((await store.list()).map(({ address }) => address)).toEqual([kept.address])
      expect((await store.usage()).used).toBe(10)
    })

    test('does nothing for a missing blob', async () => {
      await using fixture = await make()
      const { address } = await contentOf(10)
      await fixture.store.delete(address)
      expect(await fixture.store.list()).toEqual([])
    })

    test('lets write store the content again', async () => {
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
    test('makes a damaged blob absent, and keeps its bytes', async () => {
      await using fixture = await make()
      const { store } = fixture
      const whole = await damagedContent(store, 10, 1)
      const inParts = await damagedContent(store, PART_SIZE + 5, 3)
      const { used } = await store.usage()
      expect(await store.quarantined()).toEqual([])
      for (const { address } of [whole, inParts]) {
        expect(await store.isQuarantined(address)).toBe(false)
        expect(await store.quarantine(address)).toBe('absent')
        expect(await store.isQuarantined(address)).toBe(true)
        expect(await store.open(address)).toBeUndefined()
        expect(await store.openPart(address, 1)).toBeUndefined()
        expect(await store.parts(address)).toEqual([])
      }
      const addresses = [whole, inParts].map(({ address }) => address)
      expect((await store.quarantined()).toSorted()).toEqual(addresses.toSorted())
      expect(await store.list()).toEqual([])
      expect((await store.usage()).used).toBe(used)
    })

    test('makes an incomplete blob absent, whatever its bytes are', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, parts } = await contentOf(PART_SIZE + 5, 3)
      await store.writePart(address, 2, parts[1]!)
      expect(await store.quarantine(address)).toBe('absent')
      expect(await store.isQuarantined(address)).toBe(true)
      expect(await store.parts(address)).toEqual([])
    })

    test('keeps a complete blob that has the bytes of its address', async () => {
      await using fixture = await make()
      const { store } = fixture
      const small = await contentOf(10, 1)
      const large = await contentOf(PART_SIZE + 1, 2)
      const inParts = await contentOf(PART_SIZE + 5, 3)
      for (const { bytes } of [small, large]) await store.write(new Blob([bytes]))
      for (const [i, part] of inParts.parts.entries()) await store.writePart(inParts.address, i + 1, part)
      for (const { address, bytes } of [small, large, inParts]) {
        expect(await store.quarantine(address)).toBe('intact')
        expect(await store.isQuarantined(address)).toBe(false)
        expect(await holds(await store.open(address), bytes)).toBe(true)
      }
    })

    test('finds a missing blob absent', async () => {
      await using fixture = await make()
      const { address } = await contentOf(10)
      expect(await fixture.store.quarantine(address)).toBe('absent')
      expect(await fixture.store.isQuarantined(address)).toBe(false)
    })

    test('lets the blob be written again, after which a sweep deletes the damaged bytes', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address, bytes } = await damagedContent(store, 10, 1)
      const other = await damagedContent(store, 20, 2)
      const inParts = await damagedContent(store, PART_SIZE + 5, 3)
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

    test('replaces the damaged bytes of an earlier quarantine; delete removes them', async () => {
      await using fixture = await make()
      const { store } = fixture
      const { address } = await damagedContent(store, 10, 1)
      await store.quarantine(address)
      await damagedContent(store, 10, 1)
      await store.quarantine(address)
      expect((await store.usage()).used).toBe(10)
      await store.delete(address)
      expect(await store.isQuarantined(address)).toBe(false)
      expect((await store.usage()).used).toBe(0)
    })
  })

  test('keeps a write under way and existing blobs during a sweep', async () => {
    await using fixture = await make()
    const { store } = fixture
    const there = await store.write(new Blob([sampleBytes(10, 1)]))
    const bytes = sampleBytes(PART_SIZE + 5, 2)
    const rest = Promise.withResolvers<void>()
    const { source, pulled } = controlledStream(bytes, async (controller) => {
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

  test('erases everything', async () => {
    await using fixture = await make()
    const written = await fixture.store.write(new Blob([sampleBytes(PART_SIZE + 1)]))
    const { address, parts } = await contentOf(PART_SIZE + 5, 2)
    await fixture.store.writePart(address, 1, parts[0]!)
    await fixture.store.erase()
    const store = await fixture.reopen()
    expect(await store.list()).toEqual([])
    expect(await store.open(written.address)).toBeUndefined()
    expect((await store.usage()).used).toBe(0)
  })
}
