import { expect, test } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

test('a burst passes, then one request an interval, and a pause fills the bucket again', () => {
  const limit = createRateLimit({ perSecond: 10, burst: 3 })
  expect([0, 0, 0, 0].map((at) => limit('ada', 1, at))).toEqual([0, 0, 0, 100])
  expect(limit('ada', 1, 99)).toBe(1)
  expect(limit('ada', 1, 100)).toBe(0)
  expect(limit('ada', 1, 100)).toBe(100)
  expect([5_000, 5_000, 5_000].map((at) => limit('ada', 1, at))).toEqual([0, 0, 0])
  expect(limit('ada', 1, 5_000)).toBe(100)
})

test('a refused request costs nothing', () => {
  const limit = createRateLimit({ perSecond: 1, burst: 1 })
  expect(limit('ada', 1, 0)).toBe(0)
  for (let at = 1; at < 1_000; at += 10) expect(limit('ada', 1, at)).toBeGreaterThan(0)
  expect(limit('ada', 1, 1_000)).toBe(0)
})

test('callers do not share a bucket', () => {
  const limit = createRateLimit({ perSecond: 1, burst: 1 })
  expect(limit('ada', 1, 0)).toBe(0)
  expect(limit('ada', 1, 0)).toBe(1_000)
  expect(limit('bob', 1, 0)).toBe(0)
})

test('a batch counts by its items, at most as a whole burst', () => {
  const limit = createRateLimit({ perSecond: 10, burst: 5 })
  expect([limit('ada', 4, 0), limit('ada', 2, 0), limit('ada', 1, 0)]).toEqual([0, 100, 0])
  expect(limit('bob', 100, 0)).toBe(0)
  expect(limit('bob', 1, 0)).toBe(100)
})
