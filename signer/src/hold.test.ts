import { memoryStore } from '@rockpool/object-store/memory'
import type { Buckets } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { createSigner } from './app.ts'
import type { SignerOptions } from './options.ts'

const HASH = 'a'.repeat(64)
const BUCKETS: Buckets = {
  files: { access: 'store' },
  posters: { access: 'public', hold: { waitSeconds: 60, refused: 'keep' } },
}
const secret = 'a secret of at least thirty-two characters'

/** The tokens are the claims themselves. */
const signerWith = (more: Partial<SignerOptions>) =>
  createSigner({
    store: memoryStore({ publicBaseUrl: 'http://localhost', secret }),
    urlSecret: secret,
    authenticate: async (token) => JSON.parse(Buffer.from(token, 'base64url').toString()),
    buckets: BUCKETS,
    publicBaseUrl: 'http://localhost',
    ...more,
  })
const statusOf = async (options: Partial<SignerOptions>, path: string, claims?: object): Promise<number> => {
  const token = claims && Buffer.from(JSON.stringify(claims)).toString('base64url')
  const request = new Request(`http://localhost${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} })
  return (await signerWith(options).fetch(request)).status
}
const reader = { sub: 'ada', stores: { reef: ['read'] } }

describe('a content of a bucket that holds', () => {
  test.each([
    ['held', 423, 423],
    ['refused', 403, 403],
    ['released', 200, 302],
  ] as const)('%s: %i with a token, %i without one', async (state, withToken, without) => {
    const options = { holdOf: () => state }
    expect(await statusOf(options, `/download-url?key=reef/posters/${HASH}`, reader)).toBe(withToken)
    expect(await statusOf(options, `/public/reef/posters/${HASH}`)).toBe(without)
  })

  test('is read by the service role, which may check it, where that is switched on', async () => {
    const claims = { ...reader, role: 'service' }
    const path = `/download-url?key=reef/posters/${HASH}`
    expect(await statusOf({ holdOf: () => 'held', serviceRole: true }, path, claims)).toBe(200)
    expect(await statusOf({ holdOf: () => 'held' }, path, claims)).toBe(423)
  })

  test('other buckets are not asked about', async () => {
    const holdOf = () => {
      throw new Error('asked')
    }
    expect(await statusOf({ holdOf }, `/download-url?key=reef/files/${HASH}`, reader)).toBe(200)
  })

  test('is written as any other', async () => {
    const body = JSON.stringify({ key: `reef/posters/${HASH}`, size: 3, type: 'image/png' })
    const token = Buffer.from(JSON.stringify({ sub: 'ada', stores: { reef: ['write'] } })).toString('base64url')
    const init = { method: 'POST', body, headers: { authorization: `Bearer ${token}` } }
    const signer = signerWith({ holdOf: () => 'held' })
    expect((await signer.fetch(new Request('http://localhost/upload-url', init))).status).toBe(200)
  })
})

test('a signer that cannot hold does not start with a bucket that should', () => {
  expect(() => signerWith({})).toThrow(/cannot hold files/)
})

test('a public bucket behind a CDN cannot hold', () => {
  const cdnBaseUrl = 'https://cdn.example'
  expect(() => signerWith({ holdOf: () => 'held', cdnBaseUrl })).toThrow(/A CDN serves public buckets/)
  expect(() => signerWith({ buckets: { files: { access: 'store' } }, cdnBaseUrl })).not.toThrow()
})
