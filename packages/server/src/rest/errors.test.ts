import { ObjectStoreError } from '@rockpool/object-store'
import { RockpoolError } from '@rockpool/protocol'
import { EventLogError } from '@rockpool/sync-server'
import { expect, it } from 'vitest'
import { errorResponse, isServerFault } from './errors.ts'

it.each<[Error, number, string]>([
  [new RockpoolError('bad_type', 'No media type.'), 400, 'bad_request'],
  [new RockpoolError('too_large', 'Too large.'), 413, 'too_large'],
  [new RockpoolError('type_not_allowed', 'Not this type.'), 415, 'type_not_allowed'],
  [new RockpoolError('unauthenticated', 'No token.'), 401, 'unauthenticated'],
  [new ObjectStoreError('not_found', 'Nothing there.'), 404, 'not_found'],
])('%s is shown to the client', async (error, status, code) => {
  expect(isServerFault(error)).toBe(false)
  const response = errorResponse(error)
  expect(response.status).toBe(status)
  expect(await response.json()).toEqual({ error: { code, message: expect.stringMatching(/\.$/) } })
})

it.each([
  new EventLogError('no_space', '/data is full'),
  new EventLogError('unavailable', '/data cannot be read'),
  new TypeError('secret'),
])('%s is for the operator alone', async (error) => {
  expect(isServerFault(error)).toBe(true)
  const response = errorResponse(error)
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await response.text()).not.toMatch(/data|secret/)
})
