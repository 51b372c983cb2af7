import { expect, test } from 'vitest'
import { hasRight, readClaims } from './claims.ts'

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
