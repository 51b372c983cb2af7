import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from './bytes.ts'
import {
  addressFits,
  addressOfDigests,
  addressParts,
  EMPTY_ADDRESS,
  type ContentAddress,
  digestOfPart,
  equalBytes,
  MAX_CONTENT_SIZE,
  parseAddress,
  partCount,
  partRange,
} from './content-address.ts'
import { PART_SIZE, sha256 } from './hashing.ts'

const HEX = 'a1'.repeat(32)

describe('parseAddress', () => {
  test.each([
    [HEX, true],
    [`${HEX}-2`, true],
    [`${HEX}-9999`, true],
    [`${HEX}-10000`, true],
    [`${HEX}-10001`, false],
    [`${HEX}-99999`, false],
    [`${HEX}-1`, false],
    [`${HEX}-0`, false],
    [`${HEX}-02`, false],
    [`${HEX}-`, false],
    [`${HEX}-2 `, false],
    [`${HEX}\n`, false],
    [`${HEX}-2\n`, false],
    [`${HEX}-2-2`, false],
    [`${HEX}-٢`, false],
    [HEX.toUpperCase(), false],
    [HEX.slice(1), false],
    [`${HEX}a`, false],
    [HEX.replace('1', 'g'), false],
    ['', false],
  ])('%j: %s', (text, wellFormed) => {
    expect(parseAddress(text)).toBe(wellFormed ? text : undefined)
  })

  test('takes exactly what addressOfDigests makes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), async (parts) => {
        const address = await addressOfDigests(new Uint8Array(32 * parts).fill(7))
        expect(parseAddress(address)).toBe(address)
        expect(addressParts(address)).toBe(parts)
      }),
      { numRuns: 50 },
    )
  })

  test('never throws, and takes nothing else', () => {
    const near = fc.tuple(fc.stringMatching(/^[0-9a-f]{63,65}$/), fc.constantFrom('', '-', '-2', '--2'), fc.string())
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((parts) => parts.join('')),
        ),
        (text) => {
          const taken = parseAddress(text)
          if (taken !== undefined) expect(text).toMatch(/^[0-9a-f]{64}(-[1-9]\d*)?$/)
        },
      ),
    )
  })
})

describe('parts', () => {
  test.each([
    [0, 1],
    [1, 1],
    [PART_SIZE, 1],
    [PART_SIZE + 1, 2],
    [2 * PART_SIZE, 2],
    [MAX_CONTENT_SIZE, 10_000],
  ])('%i bytes are %i parts', (size, parts) => {
    expect(partCount(size)).toBe(parts)
  })

  test('ranges of all parts cover the content without gap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_CONTENT_SIZE }), (size) => {
        const parts = partCount(size)
        expect(partRange(size, 1).start).toBe(0)
        expect(partRange(size, parts).end).toBe(size)
        const number = Math.max(1, Math.floor(parts / 2))
        const { start, end } = partRange(size, number)
        expect(end - start).toBe(number < parts ? PART_SIZE : size - start)
        if (number < parts) expect(partRange(size, number + 1).start).toBe(end)
      }),
    )
  })

  test.each([
    [HEX, 0, true],
    [HEX, PART_SIZE, true],
    [HEX, PART_SIZE + 1, false],
    [`${HEX}-2`, PART_SIZE, false],
    [`${HEX}-2`, PART_SIZE + 1, true],
    [`${HEX}-2`, 2 * PART_SIZE, true],
    [`${HEX}-2`, 2 * PART_SIZE + 1, false],
    [`${HEX}-10000`, MAX_CONTENT_SIZE, true],
    [`${HEX}-10000`, MAX_CONTENT_SIZE + 1, false],
    [HEX, -1, false],
    [HEX, 0.5, false],
    [HEX, Number.NaN, false],
    [HEX, 2 ** 53, false],
  ])('%s fits %d bytes: %s', (address, size, fits) => {
    expect(addressFits(address as ContentAddress, size)).toBe(fits)
  })
})

describe('digest lists', () => {
  test.each([0, 31, 33, 32 * 10_001])('%i bytes are none: bad_request', async (length) => {
    await expect(addressOfDigests(new Uint8Array(length))).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('of several parts: the hash of the list, and the number', async () => {
    const digests = Uint8Array.from({ length: 96 }, (_, i) => i)
    expect(await addressOfDigests(digests)).toBe(`${toHex(await sha256(digests))}-3`)
    expect([...digestOfPart(digests, 2)]).toEqual(Array.from({ length: 32 }, (_, i) => 32 + i))
  })
})

test('EMPTY_ADDRESS is the hash of no bytes', async () => {
  expect(toHex(await sha256(new Uint8Array()))).toBe(EMPTY_ADDRESS)
})

test('equalBytes', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
  expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true)
})
