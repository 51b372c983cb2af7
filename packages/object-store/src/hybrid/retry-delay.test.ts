import { expect, test } from 'vitest'
import { retryDelay } from './retry-delay.ts'

test.for([
  [1, 1, 1000],
  [1, 0, 0],
  [2, 1, 2000],
  [5, 0.5, 8000],
  [9, 1, 256_000],
  [10, 1, 300_000],
  [1_000_000, 1, 300_000],
])('after %i failures, jitter %d: %i ms', ([attempts, random, ms]) => {
  expect(retryDelay(attempts!, random!)).toBe(ms)
})
