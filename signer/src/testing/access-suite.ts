/** Who may read and write in which bucket, to the byte, against a signer on any store. */
import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { contentOf, get, ownerOf, same, send, startOn, startSigner, type TestSigner, token } from './harness.ts'

const ada = await ownerOf('ada')

export const accessSuite = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let signer: TestSigner
  beforeAll(async () => {
    signer = await start()
  })
  afterAll(() => signer.stop())

  describe('buckets', () => {
    test('public: read by anybody, written by rights', async () => {
      const { address, bytes } = await contentOf(60, 61)
      const key = `reef/site/${address}`
      const refused = await signer.call('POST', '/upload-url', { key, size: 60, type: 'image/png' }, null)
      expect(refused.status).toBe(401)
      await send((await signer.call('POST', '/upload-url', { key, size: 60, type: 'image/png' })).json, bytes)
      const { status, headers } = await signer.call('GET', `/public/${key}?type=image/webp`, undefined, null)
      expect([status, headers.get('cache-control')]).toEqual([302, 'no-store'])
      const got = await get(headers.get('location')!)
      expect([got.headers.get('content-type'), got.bytes]).toEqual(['image/webp', bytes])
    })

    test.each([
      ['reef/files/' + 'a'.repeat(64), 403],
      ['reef/' + 'a'.repeat(64), 403],
      [`reef/private/${ada}/` + 'a'.repeat(64), 403],
      ['reef/nowhere/' + 'a'.repeat(64), 400],
      ['reef/site/nonsense', 400],
      ['reef%2Fsite/' + 'a'.repeat(64), 400],
    ])('public read of %s: %d', async (key, status) => {
      expect((await signer.call('GET', `/public/${key}`, undefined, null)).status).toBe(status)
    })

    test('owner: own segment only', async () => {
      const { address, bytes } = await contentOf(70, 71)
      const key = `reef/private/${ada}/${address}`
      await send((await signer.call('POST', '/upload-url', { key, size: 70, type: 'image/png' })).json, bytes)
      const { json } = await signer.call('GET', `/download-url?key=${key}&check=1`)
      expect(same((await get(json.url)).bytes, bytes)).toBe(true)
      const eve = await token({ reef: ['read', 'write', 'delete'] }, 'eve')
      expect((await signer.call('GET', `/download-url?key=${key}`, undefined, eve)).status).toBe(403)
    })

    test.each([
      ['photos', 9_000_001, 'image/png', 413, 'too_large'],
      ['photos', 100, 'text/plain', 415, 'type_not_allowed'],
      ['photos', 100, 'image/png', 200, undefined],
      ['nowhere', 100, 'image/png', 400, 'bad_key'],
    ] as const)('%s, %d bytes of %s: %d', async (bucket, size, type, status, code) => {
      const { address, digests } = await contentOf(size, 81)
      const body = { key: `reef/${bucket}/${address}`, size, type, digests }
      const answer = await signer.call('POST', size > PART_SIZE ? '/multipart' : '/upload-url', body)
      expect([answer.status, answer.json.error?.code]).toEqual([status, code])
    })
  })

  test('/health and /ready need no token', async () => {
    expect((await signer.call('GET', '/health', undefined, null)).json).toEqual({ ok: true })
    const { status, json } = await signer.call('GET', '/ready', undefined, null)
    expect(status).toBe(200)
    const { mode, integrity } = signer.store
    expect(json).toMatchObject({ ok: true, store: { mode, integrity, latencyMs: expect.any(Number) } })
  })

  test('the service role, switched on, may everywhere, and each use is told', async () => {
    const decisions: unknown[] = []
    const trusting = await startOn(signer.store, {
      serviceRole: true,
      hooks: { onDecision: (decision) => decisions.push(decision) },
    })
    const service = await token({}, 'robot', { role: 'service' })
    const { address, bytes } = await contentOf(10, 92)
    const key = `lagoon/private/${await ownerOf('eve')}/${address}`
    const { json } = await trusting.call('POST', '/upload-url', { key, size: 10, type: 'a/b' }, service)
    expect((await send(json, bytes)).status).toBe(200)
    const { json: down } = await trusting.call('GET', `/download-url?key=${key}`, undefined, service)
    expect((await get(down.url)).bytes).toEqual(bytes)
    await trusting.stop()
    const told = { allowed: true, key, storeId: 'lagoon', sub: 'robot', service: true }
    expect(decisions).toEqual([
      { ...told, action: 'write' },
      { ...told, action: 'read' },
    ])
  })
}
