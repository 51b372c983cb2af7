import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { base64url, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jwksTokens, sharedSecretTokens } from './verify.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const OTHER = 'another one of at least thirty-two bytes'
const GOOD = { sub: 'ada', stores: { reef: ['read', 'write'] } }
const now = () => Math.floor(Date.now() / 1000)

const signed = (payload: object, { secret = SECRET, alg = 'HS256' } = {}) =>
  new SignJWT(payload as JWTPayload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
const unsigned = (header: object, payload: object) =>
  `${base64url.encode(JSON.stringify(header))}.${base64url.encode(JSON.stringify(payload))}.`

describe('tokens by a shared secret', () => {
  const authenticate = sharedSecretTokens({ secrets: [SECRET], issuer: 'me', audience: 'rockpool' })
  const good = { ...GOOD, iss: 'me', aud: 'rockpool', exp: now() + 60 }

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
    ['not a token', () => 'ada'],
    ['three empty segments', () => '..'],
    ['a very long one', () => `${'a'.repeat(1 << 20)}.b.c`],
    ['alg none', () => unsigned({ alg: 'none' }, good)],
    ['alg None', () => unsigned({ alg: 'None' }, good)],
    ['no alg', () => unsigned({}, good)],
    ['HS512 with the right secret', () => signed(good, { alg: 'HS512', secret: SECRET.repeat(3) })],
    ['signed with another secret', () => signed(good, { secret: OTHER })],
    [
      'a changed payload',
      async () => {
        const [header, , signature] = (await signed(good)).split('.')
        return [header, base64url.encode(JSON.stringify({ ...good, sub: 'eve' })), signature].join('.')
      },
    ],
    [
      'a critical header nobody understands',
      () =>
        new SignJWT(good)
          .setProtectedHeader({ alg: 'HS256', crit: ['exp'], exp: 1 })
          .sign(new TextEncoder().encode(SECRET), { crit: { exp: true } }),
    ],
    ['expired', () => signed({ ...good, exp: now() - 31 })],
    ['not yet valid', () => signed({ ...good, nbf: now() + 40 })],
    ['exp that is no number', () => signed({ ...good, exp: 'never' })],
    ['another issuer', () => signed({ ...good, iss: 'eve' })],
    ['no issuer', () => signed({ ...good, iss: undefined })],
    ['another audience', () => signed({ ...good, aud: 'mail' })],
    ['no audience', () => signed({ ...good, aud: undefined })],
    ['no sub', () => signed({ ...good, sub: undefined })],
    ['empty sub', () => signed({ ...good, sub: '' })],
    ['sub a number', () => signed({ ...good, sub: 7 })],
    ['no stores', () => signed({ ...good, stores: undefined })],
    ['stores a list', () => signed({ ...good, stores: ['reef'] })],
    ['stores a string', () => signed({ ...good, stores: 'reef' })],
    ['stores null', () => signed({ ...good, stores: null })],
    ['rights a string', () => signed({ ...good, stores: { reef: 'read' } })],
    ['rights true', () => signed({ ...good, stores: { reef: true } })],
    ['an unknown right', () => signed({ ...good, stores: { reef: ['read', 'admin'] } })],
    ['a wildcard store', () => signed({ ...good, stores: { '*': ['read'] } })],
    ['a reserved store', () => signed({ ...good, stores: { tmp: ['read'] } })],
    ['a store with a slash', () => signed({ ...good, stores: { 'a/b': ['read'] } })],
    ['another role', () => signed({ ...good, role: 'admin' })],
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
    const rotating = sharedSecretTokens({ secrets: [OTHER, SECRET] })
    await expect(rotating(await signed(GOOD, { secret: OTHER }))).resolves.toMatchObject({ sub: 'ada' })
    await expect(rotating(await signed(GOOD, { secret: SECRET }))).resolves.toMatchObject({ sub: 'ada' })
    await expect(rotating(await signed(GOOD, { secret: `${OTHER}!` }))).rejects.toMatchObject({
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
  let url: string
  let answer: { status: number; body: string }
  const server = createServer((_, response) => response.writeHead(answer.status).end(answer.body))
  const pair = generateKeyPair('ES256')
  const expect_ = { issuer: 'https://id.example', audience: 'rockpool' }

  const issued = async (payload: JWTPayload = {}, kid = 'one') =>
    new SignJWT({ ...GOOD, iss: expect_.issuer, aud: expect_.audience, ...payload })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign((await pair).privateKey)

  beforeAll(async () => {
    const { publicKey } = await pair
    answer = {
      status: 200,
      body: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }),
    }
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  })
  afterAll(() => server.close())

  test('a good one passes; wrong issuer, audience, key id and key do not', async () => {
    const authenticate = jwksTokens({ url, ...expect_ })
    await expect(authenticate(await issued())).resolves.toMatchObject({ sub: 'ada' })
    const { privateKey } = await generateKeyPair('ES256')
    const bad = [
      await issued({ iss: 'https://evil.example' }),
      await issued({ aud: 'other' }),
      await issued({}, 'two'),
      await new SignJWT({ ...GOOD, iss: expect_.issuer, aud: expect_.audience })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(privateKey),
    ]
    for (const token of bad) await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('the public key is never taken for a shared secret', async () => {
    const authenticate = jwksTokens({ url, ...expect_ })
    const token = await new SignJWT({ ...GOOD, iss: expect_.issuer, aud: expect_.audience })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .sign(new TextEncoder().encode(answer.body))
    await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('keys that cannot be fetched are a failure of ours, not of the token', async () => {
    const good = answer
    for (const broken of [
      { status: 500, body: '' },
      { status: 200, body: 'no json' },
      { status: 200, body: '{}' },
    ]) {
      answer = broken
      await expect(jwksTokens({ url, ...expect_ })(await issued())).rejects.toMatchObject({
        code: 'storage_unavailable',
      })
    }
    answer = good
    const nowhere = jwksTokens({ url: 'http://127.0.0.1:1/jwks', ...expect_ })
    await expect(nowhere(await issued())).rejects.toMatchObject({ code: 'storage_unavailable' })
  })
})
