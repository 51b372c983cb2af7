import { expect, it } from 'vitest'
import { MAX_DELAY_MS, retryDelay } from './retry-delay.ts'

it.each([
  ['the first failure', 1, 0.5, undefined, 500],
  ['each failure more', 4, 0.5, undefined, 4_000],
  ['full jitter', 4, 0, undefined, 0],
  ['many failures', 1_000, 0.999, undefined, MAX_DELAY_MS * 0.999],
  ['a receiver that asks for time', 1, 0.5, 10_000, 10_000],
  ['a receiver that asks for a day', 1, 0.5, 86_400_000, MAX_DELAY_MS],
])('%s', (_, attempts, random, retryAfterMs, expected) => {
  expect(retryDelay(attempts, random, retryAfterMs)).toBe(expected)
})
