import { describe, expect, it } from 'vitest'
import { contactOf } from './connection.ts'
import type { CallFailure } from './http.ts'

const rejected = (status: number, code: string): CallFailure => ({
  _tag: 'Rejected',
  status,
  error: { code, message: 'No.' },
  body: {},
})
const tokenFailed = (cause: unknown): CallFailure => ({ _tag: 'TokenFailure', reason: 'failed', message: 'x', cause })

describe('contactOf', () => {
  it.each<[string, CallFailure, 'GET' | 'POST', boolean, string]>([
    ['a network failure', { _tag: 'NoAnswer', message: 'x', cause: undefined, timedOut: false }, 'GET', true, 'failed'],
    ['something else at this url', { _tag: 'Unexpected', message: 'x' }, 'GET', true, 'failed'],
    ['503', { _tag: 'Unavailable', status: 503, message: 'x' }, 'POST', true, 'failed'],
    [
      '429, which a server that works sends',
      { _tag: 'Unavailable', status: 429, message: 'x' },
      'POST',
      true,
      'responded',
    ],
    [
      'a development server that did not start',
      { _tag: 'Unavailable', status: 503, message: 'x', error: { code: 'server_failed_to_start', message: 'y' } },
      'GET',
      false,
      'failed_to_start',
    ],
    ['no right to read', rejected(403, 'forbidden'), 'GET', true, 'forbidden'],
    ['a rejected push', rejected(403, 'forbidden'), 'POST', true, 'responded'],
    ['a bad request', rejected(400, 'bad_request'), 'POST', true, 'responded'],
    [
      'a rejected token',
      { _tag: 'TokenFailure', reason: 'rejected', message: 'x', cause: undefined },
      'GET',
      true,
      'unauthenticated',
    ],
    ['a token function that throws', tokenFailed(new Error('x')), 'GET', true, 'token_failed'],
    ['a token function whose fetch fails', tokenFailed(new TypeError('fetch failed')), 'GET', true, 'failed'],
    [
      'the same before the server ever answered',
      tokenFailed(new TypeError('fetch failed')),
      'GET',
      false,
      'token_failed',
    ],
  ])('%s', (_, failure, method, hasResponded, type) => {
    expect(contactOf(failure, method, hasResponded).type).toBe(type)
  })
})
