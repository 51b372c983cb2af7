import { describe, expect, it } from 'vitest'
import { toLogError } from '../adapters/sqlite/errors.ts'
import { isStorageFailure, messageOf } from './storage-failure.ts'

const sqliteError = (errcode: number) =>
  toLogError(Object.assign(new Error('sqlite'), { code: 'ERR_SQLITE_ERROR', errcode }), 'The log')

describe('isStorageFailure', () => {
  it.each<[string, unknown, boolean]>([
    ['a constraint', sqliteError(19), false],
    ['a constraint by its extended code', sqliteError(1811), false],
    ['a value that is too large', sqliteError(18), false],
    ['a full disk', sqliteError(13), true],
    ['an input or output error', sqliteError(10), true],
    ['an input or output error by its extended code', sqliteError(778), true],
    ['a damaged file', sqliteError(11), true],
    ['a missing table', sqliteError(1), true],
    ['a constraint in a Durable Object', new Error('UNIQUE constraint failed: files.id: SQLITE_CONSTRAINT'), false],
    ['a full database in a Durable Object', new Error('database or disk is full: SQLITE_FULL'), true],
    ['a stack that overflowed', new RangeError('Maximum call stack size exceeded'), false],
    ['a mistake in the rules', new TypeError('x is not a function'), false],
    ['what is no error', 'thrown', false],
  ])('%s', (_, error, expected) => {
    expect(isStorageFailure(error)).toBe(expected)
  })
})

it('messageOf gives one short line, of the error below', () => {
  expect(messageOf(new Error('a\n  b', {}))).toBe('a b')
  expect(messageOf(sqliteError(19))).toBe('sqlite')
  expect(messageOf('thrown')).toBe('thrown')
  expect(messageOf(new Error('x'.repeat(1_000)))).toHaveLength(500)
})
