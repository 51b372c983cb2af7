/** Tokens that are accepted and tokens that are not, for every service that verifies tokens. */
import { base64url, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { IdentityProvider } from './identity-provider.ts'

export const SECRET = 'the secret of all who take these tokens'
export const FORMER_SECRET = 'the one they took before it was rotated'
export const ISSUER = 'https://id.example'
export const AUDIENCE = 'rockpool'

export interface TokenCase {
  readonly what: string
  readonly taken: boolean
  readonly token: () => Promise<string>
}

const now = () => Math.floor(Date.now() / 1000)

/** `claims`: what the token says besides. Times are those of the call. */
const payloadOf = (claims: JWTPayload): JWTPayload => ({ ...claims, iss: ISSUER, aud: AUDIENCE, exp: now() + 60 })

/** Refused by their claims, whoever signed them. */
const wrongClaims = (claims: JWTPayload, sign: (payload: JWTPayload) => Promise<string>): TokenCase[] => {
  const wrong = (what: string, change: () => Readonly<Record<string, unknown>>): TokenCase => ({
    what,
    taken: false,
    token: () => sign({ ...payloadOf(claims), ...change() } as JWTPayload),
  })
  return [
    wrong('another issuer', () => ({ iss: 'https://id.example.evil.example' })),
    wrong('no issuer', () => ({ iss: undefined })),
    wrong('another audience', () => ({ aud: 'mail' })),
    wrong('no audience', () => ({ aud: undefined })),
    wrong('expired', () => ({ exp: now() - 31 })),
    wrong('not valid yet', () => ({ nbf: now() + 40 })),
    wrong('no user', () => ({ sub: undefined })),
    wrong('a store that can be none', () => ({ stores: { '*': ['read'] } })),
  ]
}

const hmac = (payload: JWTPayload, secret: string | Uint8Array, alg = 'HS256', kid?: string): Promise<string> =>
  new SignJWT(payload)
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret)

const unsigned = async (alg: string, payload: JWTPayload): Promise<string> =>
  `${[{ alg }, payload].map((part) => base64url.encode(JSON.stringify(part))).join('.')}.`

/** For a verifier with {@link SECRET}, {@link FORMER_SECRET}, {@link ISSUER} and {@link AUDIENCE}. */
export const sharedSecretCases = (claims: JWTPayload): readonly TokenCase[] => {
  const good = () => payloadOf(claims)
  return [
    { what: 'a good one', taken: true, token: () => hmac(good(), SECRET) },
    { what: 'the former secret', taken: true, token: () => hmac(good(), FORMER_SECRET) },
    { what: 'one audience of two', taken: true, token: () => hmac({ ...good(), aud: ['mail', AUDIENCE] }, SECRET) },
    { what: 'within the clock skew', taken: true, token: () => hmac({ ...good(), exp: now() - 20 }, SECRET) },
    ...wrongClaims(claims, (payload) => hmac(payload, SECRET)),
    { what: 'another secret', taken: false, token: () => hmac(good(), `${SECRET}!`) },
    { what: 'HS512 with the right secret', taken: false, token: () => hmac(good(), SECRET.repeat(2), 'HS512') },
    { what: 'alg none', taken: false, token: () => unsigned('none', good()) },
    { what: 'alg None', taken: false, token: () => unsigned('None', good()) },
    { what: 'no token at all', taken: false, token: async () => 'ada' },
    {
      what: 'a changed payload',
      taken: false,
      token: async () => {
        const [header, , signature] = (await hmac(good(), SECRET)).split('.')
        return [header, base64url.encode(JSON.stringify({ ...good(), sub: 'eve' })), signature].join('.')
      },
    },
  ]
}

/** For a verifier with the JWKS of `provider`, {@link ISSUER} and {@link AUDIENCE}. */
export const keyPairCases = (provider: IdentityProvider, claims: JWTPayload): readonly TokenCase[] => {
  const good = () => payloadOf(claims)
  return [
    { what: 'a good one', taken: true, token: () => provider.sign(good()) },
    ...wrongClaims(claims, (payload) => provider.sign(payload)),
    { what: 'a key that the JWKS does not hold', taken: false, token: () => provider.sign(good(), 'unpublished') },
    {
      what: 'another key under a known id',
      taken: false,
      token: async () =>
        new SignJWT(good())
          .setProtectedHeader({ alg: 'ES256', kid: 'one' })
          .sign((await generateKeyPair('ES256')).privateKey),
    },
    {
      what: 'the public key as a shared secret',
      taken: false,
      token: async () => hmac(good(), new Uint8Array(await (await fetch(provider.url)).arrayBuffer()), 'HS256', 'one'),
    },
    { what: 'a shared secret', taken: false, token: () => hmac(good(), SECRET) },
    { what: 'alg none', taken: false, token: () => unsigned('none', good()) },
  ]
}
