import type { RequestId } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { type Claims, hasRequestRight, hasRight, readClaims } from './claims.ts'

test('a right counts in the store that names it, and in no other', () => {
  const claims = { sub: 'ada', stores: { user1: ['read', 'write'], lagoon: [] } } as const
  expect(hasRight(claims, 'user1', 'read')).toBe(true)
  expect(hasRight(claims, 'user1', 'delete')).toBe(false)
  for (const storeId of ['user10', 'user', 'lagoon', 'constructor', 'toString', '__proto__', '']) {
    expect(hasRight(claims, storeId, 'read')).toBe(false)
  }
  const inherited = { sub: 'ada', stores: Object.create({ reef: ['read'] }) }
  expect(hasRight(inherited, 'reef', 'read')).toBe(false)
})

test('refuses a user with a lone surrogate: encoded, all of them are the same', () => {
  expect(readClaims({ sub: 'ada \u{1f41f}', stores: {} })).toMatchObject({ sub: 'ada \u{1f41f}' })
  for (const sub of ['\ud800', 'ada\udfff']) expect(readClaims({ sub, stores: {} })).toContain('well-formed')
})

test('refuses a user with the character NUL', () => {
  expect(readClaims({ sub: 'ada\0', stores: {} })).toContain('NUL')
})

describe('the claim "requests"', () => {
  const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77' as RequestId
  const OTHER = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e78' as RequestId

  test('gives rights on the requests that it names, and on no other', () => {
    const claims = readClaims({ sub: 'render', stores: {}, requests: { [ID]: ['read', 'write'] } }) as Claims
    expect(hasRequestRight(claims, ID, 'write')).toBe(true)
    expect(hasRequestRight(claims, ID, 'delete')).toBe(false)
    expect(hasRequestRight(claims, OTHER, 'read')).toBe(false)
    expect(hasRequestRight(claims, 'constructor' as RequestId, 'read')).toBe(false)
    expect(hasRequestRight({}, ID, 'read')).toBe(false)
    expect(hasRequestRight({ requests: Object.create({ [ID]: ['read'] }) }, ID, 'read')).toBe(false)
  })

  test.for([
    [['read']],
    ['read'],
    [null],
    [{ [ID]: 'read' }],
    [{ [ID]: ['own'] }],
    [{ '*': ['read'] }],
    [{ [ID.toUpperCase()]: [] }],
  ])('is refused as %j', ([requests]) => {
    expect(readClaims({ sub: 'render', stores: {}, requests })).toContain('"requests"')
  })
})
