import { describe, expect, test } from 'vitest'
import type { Environment } from './environment.ts'
import { readReceiptSecrets, readTokens } from './settings.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const jwks = {
  ROCKPOOL_JWKS_URL: 'https://id.example/keys',
  ROCKPOOL_JWT_ISSUER: 'https://id.example',
  ROCKPOOL_JWT_AUDIENCE: 'rockpool',
}

describe('readTokens', () => {
  test('a secret, with issuer and audience when they are set', () => {
    expect(readTokens({ ROCKPOOL_JWT_SECRET: SECRET })).toEqual({ kind: 'secret', secrets: [SECRET] })
    const { ROCKPOOL_JWKS_URL: _, ...who } = jwks
    expect(
      readTokens({ ...who, ROCKPOOL_JWT_SECRET: ` ${SECRET}\n`, ROCKPOOL_JWT_SECRET_FORMER: `${SECRET}!` }),
    ).toEqual({
      kind: 'secret',
      secrets: [SECRET, `${SECRET}!`],
      issuer: 'https://id.example',
      audience: 'rockpool',
    })
  })

  test('an identity provider', () => {
    expect(readTokens(jwks)).toEqual({
      kind: 'jwks',
      url: 'https://id.example/keys',
      issuer: 'https://id.example',
      audience: 'rockpool',
    })
  })

  test.each(['http://127.0.0.1:9/keys', 'http://localhost/keys', 'http://[::1]/keys'])(
    'keys on this machine: %s',
    (url) => {
      expect(readTokens({ ...jwks, ROCKPOOL_JWKS_URL: url })).toMatchObject({ url })
    },
  )

  test.each<[string, Environment]>([
    ['ROCKPOOL_JWT_SECRET', {}],
    ['ROCKPOOL_JWT_SECRET', { ROCKPOOL_JWT_SECRET: ' ' }],
    ['ROCKPOOL_JWT_SECRET', { ROCKPOOL_JWT_SECRET_FORMER: SECRET }],
    ['ROCKPOOL_JWT_SECRET', { ROCKPOOL_JWT_SECRET: 'short' }],
    ['ROCKPOOL_JWT_SECRET_FORMER', { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_JWT_SECRET_FORMER: 'short' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWT_SECRET: SECRET }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'keys' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'http://id.example/keys' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'http://localhost.evil.example/keys' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'ftp://127.0.0.1/keys' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'https://ada:word@id.example/keys' }],
    ['ROCKPOOL_JWKS_URL', { ...jwks, ROCKPOOL_JWKS_URL: 'https://id.example/keys?tenant=1' }],
    ['ROCKPOOL_JWT_ISSUER', { ...jwks, ROCKPOOL_JWT_ISSUER: '' }],
    ['ROCKPOOL_JWT_AUDIENCE', { ...jwks, ROCKPOOL_JWT_AUDIENCE: undefined }],
  ])('refuses a wrong %s in one line: %j', (name, environment) => {
    expect(() => readTokens(environment)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringMatching(new RegExp(`^${name}: .+\\.$`)) }),
    )
  })
})

describe('readReceiptSecrets', () => {
  const RECEIPT = `${SECRET} for receipts`

  test.each<[string, Environment, readonly string[]]>([
    ['the token secret', { ROCKPOOL_JWT_SECRET: SECRET }, [SECRET]],
    [
      'both token secrets while they are rotated',
      { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_JWT_SECRET_FORMER: `${SECRET}!` },
      [SECRET, `${SECRET}!`],
    ],
    ['none beside an identity provider', jwks, []],
    ['its own beside a token secret', { ROCKPOOL_JWT_SECRET: SECRET, ROCKPOOL_RECEIPT_SECRET: RECEIPT }, [RECEIPT]],
    [
      'its own beside an identity provider, both while they are rotated',
      { ...jwks, ROCKPOOL_RECEIPT_SECRET: RECEIPT, ROCKPOOL_RECEIPT_SECRET_FORMER: SECRET },
      [RECEIPT, SECRET],
    ],
  ])('returns %s', (_, environment, secrets) => {
    expect(readReceiptSecrets(environment)).toEqual(secrets)
  })

  test.each<[string, Environment]>([
    ['ROCKPOOL_RECEIPT_SECRET', { ...jwks, ROCKPOOL_RECEIPT_SECRET: 'short' }],
    ['ROCKPOOL_RECEIPT_SECRET', { ...jwks, ROCKPOOL_RECEIPT_SECRET_FORMER: SECRET }],
    ['ROCKPOOL_RECEIPT_SECRET_FORMER', { ROCKPOOL_RECEIPT_SECRET: SECRET, ROCKPOOL_RECEIPT_SECRET_FORMER: 'short' }],
  ])('refuses a wrong %s in one line: %j', (name, environment) => {
    expect(() => readReceiptSecrets(environment)).toThrow(
      expect.objectContaining({ code: 'bad_request', message: expect.stringMatching(new RegExp(`^${name}: .+\\.$`)) }),
    )
  })
})
