import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it.each([
  [0, 0, 0],
  [0, 0.999, 499.5],
  [1, 0.5, 500],
  [5, 0.5, 8_000],
  [6, 0.5, 15_000],
  [1_000, 0.5, 15_000],
])('attempt %i with random %d waits %d ms', (attempt, random, ms) => {
  expect(backoffMs(attempt, random)).toBe(ms)
})
