import { type ByteSpan, type Hashing, WEB_HASHING } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { firstMissing, isNearlyWhole, rangePieces, requestSpan, type VerifyMode } from './range-plan.ts'

const hashing: Hashing = { ...WEB_HASHING, partSize: 10 }
const SIZE = 35

/** `2:remote 15-20 of 10-20`: part 2, the wanted bytes, and what is read for them when that is more; `*`: verified. */
const planOf = (span: ByteSpan, present: readonly number[], verify: VerifyMode): string =>
  rangePieces(span, SIZE, new Set(present), { hashing, verify })
    .map(({ number, from, read, wanted, isWhole }) => {
      const more = read.start === wanted.start && read.end === wanted.end ? '' : ` of ${read.start}-${read.end}`
      return `${number}:${from} ${wanted.start}-${wanted.end}${more}${isWhole ? '*' : ''}`
    })
    .join(', ')

describe('rangePieces', () => {
  test.each<[string, number, number, readonly number[], VerifyMode, string]>([
    ['a slice of a part', 12, 15, [], 'parts', '2:remote 12-15'],
    ['a slice of a part, verified', 12, 15, [], 'always', '2:remote 12-15 of 10-20*'],
    ['a part', 10, 20, [], 'parts', '2:remote 10-20*'],
    ['the last part, which is shorter', 30, 35, [], 'parts', '4:remote 30-35*'],
    ['from within a part on', 15, 35, [], 'parts', '2:remote 15-20, 3:remote 20-30*, 4:remote 30-35*'],
    ['two slices', 19, 21, [], 'parts', '2:remote 19-20, 3:remote 20-21'],
    ['a part on disk', 12, 15, [2], 'parts', '2:disk 12-15'],
    ['a part on disk is not read whole', 12, 15, [2], 'always', '2:disk 12-15'],
    ['a part on disk in between', 5, 25, [2], 'parts', '1:remote 5-10, 2:disk 10-20*, 3:remote 20-25'],
    ['the first byte', 0, 1, [], 'parts', '1:remote 0-1'],
    ['the last byte', 34, 35, [], 'parts', '4:remote 34-35'],
  ])('%s', (_, start, end, present, verify, plan) => {
    expect(planOf({ start, end }, present, verify)).toBe(plan)
  })
})

test.each<[string, number, number, readonly number[], number, ByteSpan]>([
  ['all of the range', 5, 35, [], 0, { start: 5, end: 35 }],
  ['up to the next part on disk', 5, 35, [3], 0, { start: 5, end: 20 }],
  ['from behind a part on disk', 5, 35, [2], 2, { start: 20, end: 35 }],
])('a request brings %s', (_, start, end, present, index, span) => {
  const pieces = rangePieces({ start, end }, SIZE, new Set(present), { hashing, verify: 'parts' })
  expect(requestSpan(pieces, index)).toEqual(span)
})

test.each([
  [0, 100, true],
  [0, 99, true],
  [1, 99, false],
  [50, 51, false],
])('%i to %i of 100 bytes is nearly the whole content: %s', (start, end, expected) => {
  expect(isNearlyWhole({ start, end }, 100, hashing)).toBe(expected)
})

test.each<[readonly number[], { readonly start: number; readonly end?: number } | undefined]>([
  [[], { start: 0 }],
  [[1, 2], { start: 20 }],
  [[4], { start: 0, end: 30 }],
  [[1, 3], { start: 10, end: 20 }],
  [[1, 2, 3, 4], undefined],
])('with the parts %j of four on disk %j is missing first', (present, missing) => {
  expect(firstMissing(new Set(present), 4, hashing)).toEqual(missing)
})

test('content without bytes is one piece, so that it is verified and kept', () => {
  const plan = rangePieces({ start: 0, end: 0 }, 0, new Set(), { hashing, verify: 'parts' })
  expect(plan).toMatchObject([{ number: 1, isWhole: true }])
})
