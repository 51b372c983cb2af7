import { RockpoolError } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { isObjectStoreError, ObjectStoreError, type ObjectStoreErrorCode, toWireError } from './errors.ts'

test.for<readonly [ObjectStoreErrorCode, RockpoolError['code']]>([
  ['not_found', 'not_found'],
  ['upload_not_found', 'not_found'],
  ['precondition_failed', 'conflict'],
  ['too_large', 'too_large'],
  ['digest_mismatch', 'digest_mismatch'],
  ['bad_key', 'bad_key'],
  ['unavailable', 'storage_unavailable'],
  ['denied', 'storage_unavailable'],
])('%s is %s on the wire', ([code, wire]) => {
  expect(toWireError(new ObjectStoreError(code, 'Say so.')).code).toBe(wire)
})

test('what is inside stays inside: paths, endpoints and unknown errors', () => {
  const secret = '/srv/tenant-7/data'
  for (const error of [new ObjectStoreError('unavailable', secret), new Error(secret), secret]) {
    const wire = toWireError(error)
    expect(wire).toBeInstanceOf(RockpoolError)
    expect(wire.message).not.toContain('tenant')
    expect(wire.retryAfterMs).toBeGreaterThan(0)
  }
})

test('the store says when to try again', () => {
  expect(toWireError(new ObjectStoreError('unavailable', 'x', { retryAfterMs: 42 })).retryAfterMs).toBe(42)
  expect(toWireError(new ObjectStoreError('not_found', 'x')).retryAfterMs).toBeUndefined()
})

test('errors are told apart by code', () => {
  const error = new ObjectStoreError('not_found', 'x')
  expect(isObjectStoreError(error)).toBe(true)
  expect(isObjectStoreError(error, 'not_found', 'denied')).toBe(true)
  expect(isObjectStoreError(error, 'denied')).toBe(false)
  expect(isObjectStoreError(new Error('not_found'))).toBe(false)
})
