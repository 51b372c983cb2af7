import { expect, test } from 'vitest'
import { backoffMs, isBlocking } from './backoff.ts'

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

test('never sooner than the server asked for', () => {
  expect(backoffMs(1, 0.5, 30_000)).toBe(30_000)
  expect(backoffMs(9, 0.5, 30_000)).toBe(128_000)
})

test.each([
  ['forbidden', true],
  ['unauthenticated', true],
  ['type_not_allowed', true],
  ['too_large', true],
  ['corrupt', true],
  ['offline', false],
  ['storage_unavailable', false],
  ['rate_limited', false],
  ['conflict', false],
] as const)('%s waits for a person: %s', (code, blocking) => {
  expect(isBlocking(code)).toBe(blocking)
})
