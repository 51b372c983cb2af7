import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { verifyToken } from './token.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const OTHER = 'another secret of thirty-two bytes !!'
const bytes = (secret: string) => new TextEncoder().encode(secret)
const now = () => Math.floor(Date.now() / 1000)
const GOOD = { sub: 'ada', stores: { shop: ['read'] }, exp: now() + 60 }

const signed = (payload: object, secret = SECRET, alg = 'HS256') =>
  new SignJWT(payload as Record<string, unknown>).setProtectedHeader({ alg }).sign(bytes(secret))
const unsigned = (header: object) =>
  `${[header, GOOD].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`

describe('verifyToken', () => {
  it.each([
    ['a good one', () => signed(GOOD)],
    ['one without an end', () => signed({ sub: 'ada', stores: { shop: ['read'] } })],
    ['one within the clock skew', () => signed({ ...GOOD, exp: now() - 20 })],
    ['one of the former secret, while rotating', () => signed(GOOD, OTHER)],
  ])('takes %s', async (_, token) => {
    expect(await verifyToken(await token(), [SECRET, OTHER])).toMatchObject({ sub: 'ada', stores: { shop: ['read'] } })
  })

  it.each([
    ['none', () => undefined, 'no token'],
    ['one that is no text', () => 7, 'no token'],
    ['garbage', () => 'abc', 'not valid'],
    ['alg none', () => unsigned({ alg: 'none' }), 'not valid'],
    ['alg None with the type of a JWT', () => unsigned({ alg: 'None', typ: 'JWT' }), 'not valid'],
    ['HS512 with the right secret', () => signed(GOOD, SECRET.repeat(3), 'HS512'), 'not valid'],
    ['a wrong secret', () => signed(GOOD, 'x'.repeat(40)), 'not valid'],
    ['one that expired', () => signed({ ...GOOD, exp: now() - 31 }), 'expired'],
    ['an end that is no number', () => signed({ ...GOOD, exp: 'soon' }), 'not valid'],
    ['one that does not count yet', () => signed({ ...GOOD, nbf: now() + 60 }), 'not valid'],
    ['no user', () => signed({ stores: {} }), '"sub"'],
    ['no stores', () => signed({ sub: 'ada' }), '"stores"'],
    ['stores as a list', () => signed({ sub: 'ada', stores: ['shop'] }), '"stores"'],
    ['a right that is none', () => signed({ sub: 'ada', stores: { shop: ['admin'] } }), '"stores"'],
  ])('refuses %s', async (_, token, reason) => {
    expect(await verifyToken(await token(), [SECRET, OTHER])).toContain(reason)
  })

  it.each([
    ['no secret', []],
    ['an empty secret', ['']],
    ['a short secret', ['short']],
    ['a short one beside a good one', [SECRET, 'short']],
  ])('refuses everyone with %s', async (_, secrets) => {
    expect(await verifyToken(await signed(GOOD), secrets)).toContain('lets no one in')
  })
})
