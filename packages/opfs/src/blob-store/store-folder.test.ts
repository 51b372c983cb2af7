import { type ContentAddress, hashContent, PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { plausibleContent, plausiblePart } from './store-folder.ts'

const ONE = '1'.repeat(64) as ContentAddress
const THREE = `${'1'.repeat(64)}-3` as ContentAddress

test.each([
  [ONE, 0, false],
  [ONE, 1, true],
  [ONE, PART_SIZE, true],
  // legacy: one digest over more than a part
  [ONE, PART_SIZE + 1, true],
  [THREE, 0, false],
  [THREE, 2 * PART_SIZE, false],
  [THREE, 2 * PART_SIZE + 1, true],
  [THREE, 3 * PART_SIZE, true],
  [THREE, 3 * PART_SIZE + 1, false],
])('plausibleContent %s of %i bytes: %s', (address, size, expected) => {
  expect(plausibleContent(address, size)).toBe(expected)
})

test('the empty content may be empty', async () => {
  expect(plausibleContent((await hashContent([])).address, 0)).toBe(true)
})

test.each([
  [0, PART_SIZE, false],
  [1, PART_SIZE, true],
  [1, PART_SIZE - 1, false],
  [3, 0, false],
  [3, 1, true],
  [3, PART_SIZE, true],
  [3, PART_SIZE + 1, false],
  [4, 1, false],
  [1.5, PART_SIZE, false],
  [Number.NaN, 1, false],
])('plausiblePart %d of %i bytes: %s', (number, size, expected) => {
  expect(plausiblePart(THREE, number, size)).toBe(expected)
})
