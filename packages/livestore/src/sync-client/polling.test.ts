import { expect, it } from 'vitest'
import { pollInterval } from './polling.ts'

it('polls after 2 s, then ever less, at most every 30 s', () => {
  const intervals: number[] = []
  for (let count = 0; count < 9; count++) intervals.push(pollInterval(intervals.at(-1), false))
  expect(intervals).toEqual([2_000, 3_000, 4_500, 6_750, 10_125, 15_187.5, 22_781.25, 30_000, 30_000])
})

it('polls after 2 s again when events came', () => {
  expect(pollInterval(30_000, true)).toBe(2_000)
})
