import { expect, test } from 'vitest'
import { isRefusal, MAX_REFUSED_WAIT_MS, refusedWaitMs } from './refusal.ts'

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
