import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ByteRange,
  formatContentRange,
  formatRange,
  parseContentRange,
  parseRange,
  resolveRange,
} from './byte-range.ts'

test.for([
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=5-', { start: 5 }],
  ['bytes=-5', { suffix: 5 }],
  ['bytes=-0', { suffix: 0 }],
  [' bytes=1-9 ', { start: 1, end: 10 }],
  ['bytes=9-1', undefined],
  ['bytes=0-1,4-5', undefined],
  ['bytes=-', undefined],
  ['items=0-1', undefined],
  ['bytes=a-b', undefined],
  [`bytes=0-${'9'.repeat(30)}`, undefined],
  ['', undefined],
  [null, undefined],
] as const)('%j means %j', ([header, range]) => {
  expect(parseRange(header)).toEqual(range)
})

test.for<readonly [ByteRange | undefined, number, readonly [number, number] | undefined]>([
  [undefined, 10, [0, 10]],
  [undefined, 0, [0, 0]],
  [{ start: 0, end: 1 }, 10, [0, 1]],
  [{ start: 9 }, 10, [9, 10]],
  [{ start: 10 }, 10, undefined],
  [{ start: 0 }, 0, undefined],
  [{ start: 3, end: 99 }, 10, [3, 10]],
  [{ suffix: 3 }, 10, [7, 10]],
  [{ suffix: 99 }, 10, [0, 10]],
  [{ suffix: 0 }, 10, undefined],
  [{ suffix: 5 }, 0, undefined],
])('%j of %i bytes is %j', ([range, size, span]) => {
  expect(resolveRange(range, size)).toEqual(span && { start: span[0], end: span[1] })
})

test('a range survives its header', () => {
  const whole = fc.nat({ max: 1e12 })
  const range = fc.oneof(
    whole.map((suffix): ByteRange => ({ suffix })),
    whole.map((start): ByteRange => ({ start })),
    fc.tuple(whole, whole).map(([start, more]): ByteRange => ({ start, end: start + more + 1 })),
  )
  fc.assert(
    fc.property(range, (given) => {
      expect(parseRange(formatRange(given))).toEqual(given)
    }),
  )
})

test('Content-Range names the last byte, inclusive', () => {
  expect(formatContentRange({ start: 2, end: 5 }, 10)).toBe('bytes 2-4/10')
})

test.for([
  ['bytes 2-4/10', { start: 2, end: 5, size: 10 }],
  ['Bytes 0-0/1', { start: 0, end: 1, size: 1 }],
  ['bytes 2-4/*', undefined],
  ['bytes */10', undefined],
  ['bytes 4-2/10', undefined],
  ['bytes 2-10/10', undefined],
  ['items 2-4/10', undefined],
  ['', undefined],
  [null, undefined],
] as const)('Content-Range %j is %j', ([header, content]) => {
  expect(parseContentRange(header)).toEqual(content)
})
