import { expect, test } from 'vitest'
import { backoffMs, MAX_BACKOFF_MS } from './backoff.ts'

test.each([
  { attempts: 1, longest: 1_000 },
  { attempts: 2, longest: 2_000 },
  { attempts: 5, longest: 16_000 },
  { attempts: 9, longest: 256_000 },
  { attempts: 10, longest: MAX_BACKOFF_MS },
  { attempts: 1_000_000, longest: MAX_BACKOFF_MS },
])('waits up to $longest ms after $attempts failed attempts', ({ attempts, longest }) => {
  expect(backoffMs(attempts, 0)).toBe(0)
  expect(backoffMs(attempts, 0.5)).toBe(longest / 2)
  expect(backoffMs(attempts, 0.999_999_9)).toBe(longest)
})

test.each([
  ['waits as long as the server asks for', 1, 30_000, 30_000],
  ['waits longer than the server asks for when its own delay is longer', 9, 30_000, 128_000],
  ['waits at most 5 min, whatever the server asks for', 1, 365 * 86_400_000, MAX_BACKOFF_MS],
])('%s', (_, attempts, retryAfterMs, expected) => {
  expect(backoffMs(attempts, 0.5, retryAfterMs)).toBe(expected)
})
