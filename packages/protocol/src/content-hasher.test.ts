import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from './bytes.ts'
import { MAX_CONTENT_SIZE } from './content-address.ts'
import { ContentHasher, hashContent, intoParts } from './content-hasher.ts'
import { type Hashing, PART_SIZE, sha256 } from './hashing.ts'

/**
 * Computed by coreutils, from the first `size` bytes of "rockpool\n" again and again:
 *
 *     yes rockpool | head -c $size | split -b 8388608 --filter='sha256sum' | cut -c1-64        # the digests
 *     … | xxd -r -p | sha256sum                                                                # of several parts
 */
const VECTORS = [
  { size: 0, address: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  { size: 1, address: '454349e422f05297191ead13e21d3db520e5abef52055e4964b82fb213f593a1' },
  { size: 9, address: 'a80a506b2ee5c63518461fe1b00d3d56a77161a81ea132a666cb7715131d2cc9' },
  { size: 8_388_607, address: 'a1064234d877b951ef9d5f749d936c7e47186de5a0920dcee19b0f42c686d8da' },
  { size: 8_388_608, address: '83a1ef7d59a58a8b503f0a7bb9e6b65765ed3e7e00059d2cafcb39b90b26ae25' },
  { size: 8_388_609, address: '16bc95941d887dab00e6d2b5b04111cedb7b5b394ee7819bd5a5b3fb52d5ae82-2' },
  { size: 16_777_216, address: '791ee2796dd7801fdad61d29ce48a3593ed660e2136cb7fe7a51e4422f5b14a3-2' },
  { size: 16_777_221, address: 'd2fcd566c55b53aaad5d41d32d77163fb157e5d00fd527193d31969ad2db86a1-3' },
]

/** Of the parts of the last vector. */
const DIGESTS = [
  '83a1ef7d59a58a8b503f0a7bb9e6b65765ed3e7e00059d2cafcb39b90b26ae25',
  '89601557d49a3bb88d4a67bc3452d0374adb51bd94e74cbbfb99d30bb03ff46b',
  '2d7a7c82885160675935a9ef980dfd24e609a3cff15d9c8266934a381613c494',
]

const LINE = new TextEncoder().encode('rockpool\n')
const largest = new Uint8Array(16_777_221)
for (let i = 0; i < largest.length; i++) largest[i] = LINE[i % LINE.length]!

function* chunks(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const length = sizes[turn % sizes.length]!
    yield bytes.subarray(offset, offset + length)
    offset += length
  }
}

describe('hashContent', () => {
  test.each(VECTORS)('of $size bytes is what sha256sum says, however they come', async ({ size, address }) => {
    const bytes = largest.subarray(0, size)
    for (const sizes of [[65_536], [1_000_003, 1, 77], [PART_SIZE], [PART_SIZE + 1], [Math.max(1, size)]]) {
      const digest = await hashContent(chunks(bytes, sizes))
      expect([digest.address, digest.size]).toEqual([address, size])
    }
  })

  test('gives the digest of each part', async () => {
    const { digests } = await hashContent([largest])
    expect(toHex(digests)).toBe(DIGESTS.join(''))
  })
})

describe('another hashing', () => {
  const hashing: Hashing = { partSize: 1024, digest: sha256 }

  test('cuts at its part size, and names the content as a multipart upload of such parts', async () => {
    const bytes = largest.slice(0, 2_500)
    const parts = [bytes.slice(0, 1024), bytes.slice(1024, 2048), bytes.slice(2048)]
    const digests = Buffer.concat(await Promise.all(parts.map((part) => sha256(part))))
    expect(await hashContent([bytes], hashing)).toEqual({
      address: `${toHex(await sha256(digests))}-3`,
      size: 2_500,
      digests: new Uint8Array(digests),
    })
  })

  test('hashes with its digest alone', async () => {
    const hashed: number[] = []
    const digest = async (bytes: BufferSource) => {
      hashed.push(bytes.byteLength)
      return new Uint8Array(32)
    }
    await hashContent([largest.subarray(0, 2_500)], { partSize: 1024, digest })
    expect(hashed).toEqual([1024, 1024, 452, 96])
  })
})

describe('intoParts', () => {
  const collect = async (source: Iterable<Uint8Array>) => {
    const parts: Uint8Array<ArrayBuffer>[] = []
    for await (const part of intoParts(source)) parts.push(part)
    return parts
  }

  test('cuts at every 8 MiB; the last may be shorter; none is one empty part', async () => {
    const lengths = async (size: number) => (await collect([largest.subarray(0, size)])).map((part) => part.length)
    expect(await lengths(0)).toEqual([0])
    expect(await lengths(1)).toEqual([1])
    expect(await lengths(PART_SIZE)).toEqual([PART_SIZE])
    expect(await lengths(PART_SIZE + 1)).toEqual([PART_SIZE, 1])
    expect(await lengths(2 * PART_SIZE)).toEqual([PART_SIZE, PART_SIZE])
    expect(await lengths(2 * PART_SIZE + 5)).toEqual([PART_SIZE, PART_SIZE, 5])
  })

  test('keeps all bytes in order, in buffers of their own that are no larger than needed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 40 }), async (chunks) => {
        const before = chunks.flatMap((chunk) => [...chunk])
        const [part, ...rest] = await collect(chunks)
        expect(rest).toEqual([])
        expect([...part!]).toEqual(before)
        expect(part!.buffer.byteLength).toBe(before.length)
        for (const chunk of chunks) chunk.fill(0)
        expect([...part!]).toEqual(before)
      }),
    )
  })

  test('takes from its source only what it gives on: a part is there before the next is read', async () => {
    let read = 0
    function* source() {
      for (;;) {
        read += PART_SIZE
        yield largest.subarray(0, PART_SIZE)
      }
    }
    for await (const part of intoParts(source())) {
      expect(read).toBe(part.length)
      break
    }
  })
})

describe('ContentHasher', () => {
  const full = largest.subarray(0, PART_SIZE)

  test('keeps the order of parts that are given without waiting', async () => {
    const hasher = new ContentHasher()
    await Promise.all([hasher.add(full), hasher.add(largest.slice(PART_SIZE, PART_SIZE + 9))])
    const { digests, size } = await hasher.finish()
    expect(size).toBe(PART_SIZE + 9)
    expect(toHex(digests.subarray(0, 32))).toBe(DIGESTS[0])
    expect(digests.subarray(32)).toEqual(await sha256(largest.slice(PART_SIZE, PART_SIZE + 9)))
  })

  test('refuses a part after a short one, and one that is too long', async () => {
    const hasher = new ContentHasher()
    await hasher.add(largest.slice(0, 9))
    await expect(hasher.add(full)).rejects.toThrow('exactly 8388608 bytes')
    await expect(new ContentHasher().add(largest)).rejects.toThrow('exactly 8388608 bytes')
  })

  test('too_large past 10,000 parts', async () => {
    // Parts that only say that they are long: 78 GiB would take minutes to hash.
    const part = Object.defineProperty(new Uint8Array(0), 'length', { value: PART_SIZE })
    const hasher = new ContentHasher()
    for (let i = 0; i < MAX_CONTENT_SIZE / PART_SIZE; i++) await hasher.add(part)
    await expect(hasher.add(new Uint8Array(1))).rejects.toMatchObject({ code: 'too_large' })
    expect((await hasher.finish()).address).toMatch(/^[0-9a-f]{64}-10000$/)
  })
})
