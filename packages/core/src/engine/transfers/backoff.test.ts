import { expect, test } from 'vitest'
import { backoffMs, isRefusal, MAX_REFUSED_WAIT_MS, refusedWaitMs } from './backoff.ts'

test.each([
  { attempts: 1, random: 0.999_999, longest: 1_000 },
  { attempts: 2, random: 0.999_999, longest: 2_000 },
  { attempts: 5, random: 0.999_999, longest: 16_000 },
  { attempts: 9, random: 0.999_999, longest: 256_000 },
  { attempts: 10, random: 0.999_999, longest: 300_000 },
  { attempts: 5_000, random: 0.999_999, longest: 300_000 },
])('after $attempts attempts it waits up to $longest ms', ({ attempts, random, longest }) => {
  expect(backoffMs(attempts, random)).toBe(longest)
  expect(backoffMs(attempts, 0.5)).toBe(longest / 2)
  expect(backoffMs(attempts, 0)).toBe(0)
})

test('never sooner than the server asked for, and never later than 5 min', () => {
  expect(backoffMs(1, 0.5, 30_000)).toBe(30_000)
  expect(backoffMs(9, 0.5, 30_000)).toBe(128_000)
  expect(backoffMs(1, 0.5, 365 * 86_400_000)).toBe(300_000)
})

test('a refused transfer waits 12 to 15 min', () => {
  expect(refusedWaitMs(0)).toBe(MAX_REFUSED_WAIT_MS)
  expect(refusedWaitMs(0.999_999)).toBe(MAX_REFUSED_WAIT_MS * 0.8)
})

test.each([
  ['forbidden', true],
  ['unauthenticated', true],
  ['type_not_allowed', true],
  ['too_large', true],
  ['not_found', true],
  ['corrupt', true],
  ['offline', false],
  ['storage_unavailable', false],
  ['rate_limited', false],
  ['conflict', false],
] as const)('%s is a refusal: %s', (code, refusal) => {
  expect(isRefusal(code)).toBe(refusal)
})
