import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentRange, partialRange, spanOf } from './range.ts'

describe('spanOf', () => {
  it.each([
    [null, 10, 'whole'],
    ['', 10, 'whole'],
    ['bytes=0-', 10, { start: 0, end: 10 }],
    ['bytes=0-0', 10, { start: 0, end: 1 }],
    ['bytes=3-5', 10, { start: 3, end: 6 }],
    ['Bytes=3-5', 10, { start: 3, end: 6 }],
    [' bytes=9- ', 10, { start: 9, end: 10 }],
    ['bytes=3-99', 10, { start: 3, end: 10 }],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=10-20', 10, 'unsatisfiable'],
    ['bytes=-3', 10, { start: 7, end: 10 }],
    ['bytes=-99', 10, { start: 0, end: 10 }],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-1', 0, 'unsatisfiable'],
    ['bytes=5-3', 10, 'whole'],
    ['bytes=1-2,4-5', 10, 'whole'],
    ['bytes=-', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['bytes=1.5-2', 10, 'whole'],
    ['bytes= 1-2', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    ['bytes=9999999999999999999-', 10, 'whole'],
  ] as const)('%j of %i bytes: %j', (header, size, span) => {
    expect(spanOf(header, size)).toEqual(span)
  })

  it('is total, and never leaves the content', () => {
    const anyHeader = fc.oneof(
      fc.string(),
      fc.tuple(fc.option(fc.maxSafeNat()), fc.option(fc.maxSafeNat())).map(([a, b]) => `bytes=${a ?? ''}-${b ?? ''}`),
    )
    fc.assert(
      fc.property(anyHeader, fc.maxSafeNat(), (header, size) => {
        const span = spanOf(header, size)
        if (typeof span === 'string') return
        expect(span.start).toBeGreaterThanOrEqual(0)
        expect(span.end).toBeGreaterThan(span.start)
        expect(span.end).toBeLessThanOrEqual(size)
      }),
    )
  })
})

describe('contentRange', () => {
  it('counts its end inclusively', () => {
    expect(contentRange({ start: 3, end: 6 }, 10)).toBe('bytes 3-5/10')
    expect(contentRange('unsatisfiable', 10)).toBe('bytes */10')
  })
})

describe('partialRange', () => {
  it.each([
    [null, undefined],
    ['bytes=0-', undefined],
    ['bytes=1-2,4-5', undefined],
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=1-', { start: 1 }],
    ['bytes=-5', { suffix: 5 }],
  ] as const)('%j: %j', (header, range) => {
    expect(partialRange(header)).toEqual(range)
  })
})
