import { base64url, type JWTPayload, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  AUDIENCE,
  type IdentityProvider,
  ISSUER,
  keyPairCases,
  SECRET,
  FORMER_SECRET,
  sharedSecretCases,
  startIdentityProvider,
} from './testing/index.ts'
import { expiryOf, jwksTokens, sharedSecretTokens } from './verify.ts'

const GOOD = { sub: 'ada', stores: { reef: ['read', 'write'] } }
const now = () => Math.floor(Date.now() / 1000)

const signed = (payload: object, { secret = SECRET, alg = 'HS256' } = {}) =>
  new SignJWT(payload as JWTPayload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
const unsigned = (header: object, payload: object) =>
  `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.`

describe('expiryOf', () => {
  test('allows for the clock skew, and for tokens without an end', () => {
    expect(expiryOf({ sub: 'ada', stores: { shop: ['read'] }, exp: 100 })).toBe(130_000)
    expect(expiryOf({ sub: 'ada', stores: {} })).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('tokens by a shared secret', () => {
  const authenticate = sharedSecretTokens({ secrets: [SECRET], issuer: 'me', audience: 'rockpool' })
  const good = { ...GOOD, iss: 'me', aud: 'rockpool', exp: now() + 60 }

  test.each(sharedSecretCases(GOOD))('by the table: $what', async ({ taken, token }) => {
    const secrets = [SECRET, FORMER_SECRET] as const
    const verified = sharedSecretTokens({ secrets, issuer: ISSUER, audience: AUDIENCE })(await token())
    if (taken) await expect(verified).resolves.toMatchObject({ sub: 'ada' })
    else await expect(verified).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a good one gives its claims, and nothing else of it', async () => {
    expect(await authenticate(await signed({ ...good, email: 'ada@example.org' }))).toEqual({
      sub: 'ada',
      stores: { reef: ['read', 'write'] },
      exp: good.exp,
    })
  })

  test('clocks may differ by 30 s', async () => {
    await expect(authenticate(await signed({ ...good, exp: now() - 20 }))).resolves.toBeDefined()
    await expect(authenticate(await signed({ ...good, nbf: now() + 20 }))).resolves.toBeDefined()
  })

  test('time is what the clock says that is given', async () => {
    let time = 1_000_000
    const authenticate = sharedSecretTokens({ secrets: [SECRET], now: () => time })
    const token = await signed({ ...GOOD, exp: 1_060 })
    await expect(authenticate(token)).resolves.toMatchObject({ sub: 'ada' })
    time = 1_090_000
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a token that was good before is refused once it has ended', async () => {
    const token = await signed({ ...good, exp: now() - 29 })
    await expect(authenticate(token)).resolves.toMatchObject({ sub: 'ada' })
    const refusedLater = () =>
      authenticate(token).then(
        () => 'good',
        (error: { code: string }) => error.code,
      )
    await expect.poll(refusedLater, { timeout: 4_000 }).toBe('unauthenticated')
  })

  test('a token is remembered whole: with one letter changed it is another one', async () => {
    const token = await signed(good)
    await authenticate(token)
    const at = token.length - 5
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
    await expect(authenticate(changed)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  const refused: [string, () => string | Promise<string>][] = [
    ['empty', () => ''],
    ['three empty segments', () => '..'],
    ['a very long one', () => `${'a'.repeat(1 << 20)}.b.c`],
    ['no alg', () => unsigned({}, good)],
    [
      'a critical header that is not known',
      () =>
        new SignJWT(good)
          .setProtectedHeader({ alg: 'HS256', crit: ['exp'], exp: 1 })
          .sign(new TextEncoder().encode(SECRET), { crit: { exp: true } }),
    ],
    ['exp that is no number', () => signed({ ...good, exp: 'never' })],
    ['empty sub', () => signed({ ...good, sub: '' })],
    ['sub a number', () => signed({ ...good, sub: 7 })],
    ['no stores', () => signed({ ...good, stores: undefined })],
    ['stores a list', () => signed({ ...good, stores: ['reef'] })],
    ['stores a string', () => signed({ ...good, stores: 'reef' })],
    ['stores null', () => signed({ ...good, stores: null })],
    ['rights a string', () => signed({ ...good, stores: { reef: 'read' } })],
    ['rights true', () => signed({ ...good, stores: { reef: true } })],
    ['an unknown right', () => signed({ ...good, stores: { reef: ['read', 'own'] } })],
    ['a reserved store', () => signed({ ...good, stores: { tmp: ['read'] } })],
    ['a store with a slash', () => signed({ ...good, stores: { 'a/b': ['read'] } })],
    ['another role', () => signed({ ...good, role: 'own' })],
    ['requests of another shape', () => signed({ ...good, requests: 'read' })],
  ]
  test.each(refused)('refused: %s', async (_, make) => {
    const token = await make()
    const error = await authenticate(token).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(error).toMatchObject({ code: 'unauthenticated' })
    if (token.length > 2) expect((error as Error).message).not.toContain(token)
  })

  test('while secrets are rotated both are good, others are not', async () => {
    const rotating = sharedSecretTokens({ secrets: [FORMER_SECRET, SECRET] })
    await expect(rotating(await signed(GOOD, { secret: FORMER_SECRET }))).resolves.toMatchObject({ sub: 'ada' })
    await expect(rotating(await signed(GOOD, { secret: SECRET }))).resolves.toMatchObject({ sub: 'ada' })
    await expect(rotating(await signed(GOOD, { secret: `${FORMER_SECRET}!` }))).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    await expect(rotating(await signed({ ...GOOD, exp: now() - 60 }, { secret: SECRET }))).rejects.toThrow('expired')
  })

  test('a secret that can be guessed is refused at once', () => {
    expect(() => sharedSecretTokens({ secrets: ['short'] })).toThrow('32 bytes')
    expect(() => sharedSecretTokens({ secrets: [SECRET, ''] })).toThrow('32 bytes')
  })
})

describe('tokens of an identity provider', () => {
  const rules = { issuer: ISSUER, audience: AUDIENCE }
  const good = { ...GOOD, iss: ISSUER, aud: AUDIENCE }
  let provider: IdentityProvider
  beforeAll(async () => {
    provider = await startIdentityProvider()
  })
  afterAll(() => provider.stop())
  afterEach(async () => {
    vi.useRealTimers()
    await provider.publish('one')
  })
  const unavailable = { code: 'storage_unavailable' }
  const unauthenticated = { code: 'unauthenticated' }

  test('are taken by the table', async () => {
    const authenticate = jwksTokens({ url: provider.url, ...rules })
    for (const { what, taken, token } of keyPairCases(provider, GOOD)) {
      const verified = authenticate(await token())
      if (taken) await expect(verified, what).resolves.toMatchObject({ sub: 'ada' })
      else await expect(verified, what).rejects.toMatchObject(unauthenticated)
    }
  })

  test('keys rotate: a new one is taken 30 s after keys were fetched, a withdrawn one for up to 10 min more', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
    const authenticate = jwksTokens({ url: provider.url, ...rules })
    await authenticate(await provider.sign(good, 'one'))
    await provider.publish('one', 'two')
    later(31)
    await authenticate(await provider.sign(good, 'two'))
    await authenticate(await provider.sign(good, 'one'))
    await provider.publish('two')
    later(9 * 60)
    await authenticate(await provider.sign(good, 'one'))
    later(61)
    await expect(authenticate(await provider.sign(good, 'one'))).rejects.toMatchObject(unauthenticated)
    await authenticate(await provider.sign(good, 'two'))
  })

  test('keys are fetched at most every 30 s, however many unknown key ids come', async () => {
    const authenticate = jwksTokens({ url: provider.url, ...rules })
    await authenticate(await provider.sign(good))
    provider.respondWith(500, '')
    await expect(authenticate(await provider.sign(good, 'unknown'))).rejects.toMatchObject(unauthenticated)
  })

  test.each([
    ['an error', 500, ''],
    ['a page elsewhere', 302, ''],
    ['no JSON', 200, 'no json'],
    ['no keys', 200, '{}'],
  ])('%s in place of the keys is a failure of ours, not of the token', async (_, status, body) => {
    provider.respondWith(status, body)
    const authenticate = jwksTokens({ url: provider.url, ...rules })
    await expect(authenticate(await provider.sign(good))).rejects.toMatchObject(unavailable)
    await provider.publish('one')
    await expect(authenticate(await provider.sign(good))).resolves.toMatchObject({ sub: 'ada' })
  })

  test('nothing that listens there is, too', async () => {
    const nowhere = jwksTokens({ url: 'http://127.0.0.1:1/jwks', ...rules })
    await expect(nowhere(await provider.sign(good))).rejects.toMatchObject(unavailable)
  })
})
