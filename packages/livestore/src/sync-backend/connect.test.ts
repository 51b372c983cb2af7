import {
  AUDIENCE,
  FORMER_SECRET,
  ISSUER,
  keyPairCases,
  SECRET,
  sharedSecretCases,
  startIdentityProvider,
} from '@rockpool/access/testing'
import type { RemoteKey } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { liveStoreLog } from '../log/live-store-log.ts'
import { makeTokenSync } from '../sync-client/token-sync.ts'
import { openClient, startTestBackend, tokenFor, until } from '../testing/clients.ts'
import type { EmbeddedSyncBackend, SyncBackendOptions } from './embedded.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const CLAIMS = { sub: 'ada', stores: { shop: ['read', 'write'] } }
const provider = await startIdentityProvider()
afterAll(() => provider.stop())

/** Asks to be let in without a WebSocket: that it is missing is all there is to say to a good token. */
const ask = ({ url }: EmbeddedSyncBackend, token: unknown): Promise<Response> => {
  // sync-cf decodes the payload twice.
  const payload = encodeURIComponent(JSON.stringify({ authToken: token }))
  return fetch(`${url}?${new URLSearchParams({ storeId: 'shop', transport: 'ws', payload })}`)
}
const LET_IN = 426

const started = (options: Partial<SyncBackendOptions>) => {
  let backend: EmbeddedSyncBackend
  beforeAll(async () => {
    backend = await startTestBackend(options)
  })
  afterAll(() => backend.stop())
  return () => backend
}

describe('rights', () => {
  const backend = started({})

  it.each([
    ['no token', () => undefined, 401],
    ['a token that is no text', () => 7, 401],
    ['a token for another store', () => tokenFor('shop10'), 403],
    ['a token that may write but not read', () => tokenFor('shop', { rights: ['write'] }), 403],
    ['a token that may read', () => tokenFor('shop', { rights: ['read'] }), LET_IN],
  ])('%s', async (_, token, status) => {
    expect((await ask(backend(), await token())).status).toBe(status)
  })
})

describe('tokens by a shared secret', () => {
  const backend = started({ secrets: [SECRET, FORMER_SECRET], issuer: ISSUER, audience: AUDIENCE })

  it.each(sharedSecretCases(CLAIMS))('$what', async ({ token, taken }) => {
    expect((await ask(backend(), await token())).status).toBe(taken ? LET_IN : 401)
  })
})

describe('tokens of an identity provider', () => {
  const who = { issuer: ISSUER, audience: AUDIENCE }
  const byKeys = { secrets: [], jwksUrl: provider.url, ...who }
  const goodToken = keyPairCases(provider, CLAIMS).find(({ taken }) => taken)!.token
  const backend = started(byKeys)

  it.each(keyPairCases(provider, CLAIMS))('$what', async ({ token, taken }) => {
    expect((await ask(backend(), await token())).status).toBe(taken ? LET_IN : 401)
  })

  it('bring events in', async () => {
    const connect = async (clientId: string) => {
      const sync = makeTokenSync({ url: backend().url, token: goodToken })
      const store = await openClient({ storeId: 'shop', clientId, sync })
      onTestFinished(() => store.shutdownPromise().catch(() => undefined))
      return liveStoreLog({ store })
    }
    const [a, b] = [await connect('a'), await connect('b')]
    const remoteKey = `shop/files/${'a'.repeat(64)}` as RemoteKey
    a.append([{ name: 'v2.ContentStored', opId: 'stored', args: { remoteKey } }])
    await until(() => b.applied('stored'))
  })

  it('are let in by no one while the keys can’t be had, and again when they can', async () => {
    const fresh = await startTestBackend(byKeys)
    onTestFinished(() => fresh.stop())
    onTestFinished(() => provider.publish('one'))
    provider.answer(500, '')
    const refused = await ask(fresh, await goodToken())
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('cannot be reached')])
    await provider.publish('one')
    expect((await ask(fresh, await goodToken())).status).toBe(LET_IN)
  })

  it('are let in by no one where no keys are', async () => {
    const fresh = await startTestBackend({ ...byKeys, jwksUrl: 'http://127.0.0.1:1/jwks' })
    onTestFinished(() => fresh.stop())
    expect((await ask(fresh, await goodToken())).status).toBe(503)
  })
})

describe('bindings that are wrong let nobody in, and say in one line which', () => {
  const jwks = { secrets: [], jwksUrl: provider.url, issuer: ISSUER, audience: AUDIENCE }

  it.each<[string, string, Partial<SyncBackendOptions>]>([
    ['ROCKPOOL_JWT_SECRET', 'none', { secrets: [] }],
    ['ROCKPOOL_JWT_SECRET', 'empty', { secrets: [''] }],
    ['ROCKPOOL_JWT_SECRET', 'too short', { secrets: ['short-secret'] }],
    ['ROCKPOOL_JWT_SECRET_FORMER', 'too short', { secrets: [SECRET, 'short-secret'] }],
    ['ROCKPOOL_JWKS_URL', 'beside a secret', { ...jwks, secrets: [SECRET] }],
    ['ROCKPOOL_JWKS_URL', 'not https', { ...jwks, jwksUrl: 'http://id.example/keys' }],
    ['ROCKPOOL_JWT_ISSUER', 'none', { ...jwks, issuer: '' }],
    ['ROCKPOOL_JWT_AUDIENCE', 'none', { ...jwks, audience: '' }],
    ['ROCKPOOL_BUCKETS', 'none in it', { secrets: [SECRET], buckets: {} }],
    ['ROCKPOOL_BUCKETS', 'no access', { secrets: [SECRET], buckets: { photos: { access: 'everybody' as 'public' } } }],
  ])('%s: %s', async (name, _, options) => {
    const backend = await startTestBackend(options)
    onTestFinished(() => backend.stop())
    const tokens = [...sharedSecretCases(CLAIMS), ...keyPairCases(provider, CLAIMS)].filter(({ taken }) => taken)
    for (const { token } of tokens) {
      const response = await ask(backend, await token())
      const text = await response.text()
      expect(response.status).toBe(503)
      expect(text).toMatch(new RegExp(`^${name}: [^\\n]+\\.$`))
      for (const secret of [SECRET, 'short-secret']) expect(text).not.toContain(secret)
    }
  })
})
