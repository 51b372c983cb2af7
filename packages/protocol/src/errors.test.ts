import { expect, test } from 'vitest'
import { isRockpoolError, RockpoolError } from './errors.ts'

test('a RockpoolError says what, why and when again', () => {
  const cause = new Error('ENOSPC')
  const error = new RockpoolError('rate_limited', 'Wait.', { cause, retryAfterMs: 5 })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'RockpoolError', code: 'rate_limited', message: 'Wait.', retryAfterMs: 5, cause })
  expect('cause' in new RockpoolError('closed', 'Closed.')).toBe(false)
})

test('isRockpoolError knows them by name, and by code', () => {
  const error = new RockpoolError('offline', 'No network.')
  expect(isRockpoolError(error)).toBe(true)
  expect(isRockpoolError(error, 'aborted', 'offline')).toBe(true)
  expect(isRockpoolError(error, 'aborted')).toBe(false)
  // the same class from another bundle
  expect(isRockpoolError(Object.assign(new Error('m'), { name: 'RockpoolError', code: 'offline' }), 'offline')).toBe(
    true,
  )
  for (const other of [new Error('offline'), { name: 'RockpoolError', code: 'offline' }, 'offline', undefined, null]) {
    expect(isRockpoolError(other)).toBe(false)
  }
})
