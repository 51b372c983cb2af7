/** Open blobs, the list, and usage. */
import { type ContentDigest, PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { holds, sampleBytes } from '../sample-bytes.ts'
import { contentOf, type MakeBlobStore } from './fixture.ts'

export const readCases = (make: MakeBlobStore): void => {
  test('reads slices across part boundaries, and reads again', async () => {
    await using fixture = await make()
    const { store } = fixture
    const whole = await contentOf(2 * PART_SIZE + 5, 5)
    const inParts = await contentOf(2 * PART_SIZE + 5, 6)
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

  test('keeps an open Blob readable while the same content is written again', async () => {
    await using fixture = await make()
    const { store } = fixture
    const { bytes, address, parts } = await contentOf(PART_SIZE + 5)
    for (const [i, part] of parts.entries()) await store.writePart(address, i + 1, part)
    const blob = (await store.open(address))!
    await store.write(new Blob([bytes]))
    await store.writePart(address, 1, parts[0]!)
    await store.sweep()
    expect(await holds(blob, bytes)).toBe(true)
  })

  test('lists every blob with size and time', async () => {
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

  test('counts the stored bytes as usage', async () => {
    await using fixture = await make()
    const { store } = fixture
    expect((await store.usage()).used).toBe(0)
    await store.write(new Blob([sampleBytes(1_000)]))
    const { address, parts } = await contentOf(PART_SIZE + 5)
    await store.writePart(address, 2, parts[1]!)
    const { used, quota } = await store.usage()
    expect(used).toBe(1_005)
    expect(quota).toBeGreaterThan(used)
  })
}
