import { RockpoolError } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { closedError } from '../../event-log/event-log.ts'
import { isConnectionError, toLogError } from './errors.ts'

const failure = (code: string, message = 'It failed.') => Object.assign(new Error(message), { code })

describe('toLogError', () => {
  it.each<[string, string, string, string]>([
    ['a server that is down', 'ECONNREFUSED', 'unavailable', 'cannot be reached (ECONNREFUSED). Start it'],
    ['a connection that broke', 'CONNECTION_CLOSED', 'unavailable', 'cannot be reached (CONNECTION_CLOSED)'],
    ['a connection that Postgres gave up', '08006', 'unavailable', 'cannot be reached (08006)'],
    ['a wrong password', '28P01', 'unavailable', 'Correct the user and the password'],
    ['a database that is missing', '3D000', 'unavailable', 'Create the database'],
    ['a user without rights', '42501', 'unavailable', 'Grant this user'],
    ['too many connections', '53300', 'unavailable', 'Raise max_connections'],
    ['a full disk', '53100', 'no_space', 'its disk is full'],
    ['a log that another server locks', '55P03', 'unavailable', 'look for one that hangs'],
    ['a server that stops', '57P01', 'unavailable', 'starting or stopping'],
    ['anything else', 'XX001', 'unavailable', 'cannot be used (XX001: It failed.). Look into its log.'],
  ])('is for the operator: %s', (_, code, expected, text) => {
    const error = toLogError(failure(code))
    expect(error).toMatchObject({ name: 'EventLogError', code: expected, message: expect.stringContaining(text) })
    expect(error.message).toMatch(/^[^\n]+\.$/)
  })

  it('leaves errors of the port and mistakes of the program as they are', () => {
    const errors = [
      closedError(),
      new RockpoolError('bad_request', 'Correct it.'),
      new TypeError('x is not a function'),
    ]
    expect(errors.map(toLogError)).toEqual(errors)
    expect(errors.map(isConnectionError)).toEqual([false, false, false])
  })
})
