import { RockpoolError } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { errorResponse } from './error-response.ts'

const away = 'The signer responded with status 502. The call is retried.'

test.each([
  ['a signer that is away', new RockpoolError('storage_unavailable', away), 503, '10'],
  ['one that says when', new RockpoolError('storage_unavailable', away, { retryAfterMs: 61_500 }), 503, '62'],
  ['too many requests', new RockpoolError('rate_limited', 'Too many requests.', { retryAfterMs: 7_000 }), 429, '7'],
  ['no network', new RockpoolError('offline', 'The signer cannot be reached.'), 504, null],
])('the response for %s says why, and when to try again', async (_what, error, status, retryAfter) => {
  const response = errorResponse(error)
  expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter])
  expect(await response.json()).toEqual({ error: { code: error.code, message: error.message } })
})
