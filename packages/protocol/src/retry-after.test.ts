import { expect, test } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

const NOW = Date.parse('Thu, 26 Nov 2026 12:00:00 GMT')

test.for<[string | null, number | undefined]>([
  [null, undefined],
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['Thu, 26 Nov 2026 12:01:00 GMT', 60_000],
  ['Thu, 26 Nov 2026 11:59:00 GMT', 0],
  ['soon', undefined],
  ['-1', 0],
])('reads Retry-After %j as %s ms', ([header, ms]) => {
  expect(parseRetryAfter(header, NOW)).toBe(ms)
})
