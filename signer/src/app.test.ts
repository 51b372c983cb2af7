import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { sharedSecretTokens } from '@rockpool/access'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSigner } from './app.ts'
import { accessSuite } from './testing/access-suite.ts'
import { contentOf, startSigner, type TestSigner, token } from './testing/harness.ts'

let signer: TestSigner
beforeAll(async () => {
  signer = await startSigner({ cors: { origins: ['https://app.example.com'] } })
})
afterAll(() => signer.stop())

describe('who may, on a local store', () => {
  accessSuite()
})

describe('service', () => {
  test('/ready asks the store every 5 s at most, and says when it is down', async () => {
    let asked = 0
    const down = await startSigner({}, (store) => ({
      ...store,
      checkHealth: async () => {
        asked++
        return { ok: false, mode: 'local', integrity: 'checksum', latencyMs: 3, error: 'The disk is gone.' }
      },
    }))
    const answers = await Promise.all(Array.from({ length: 20 }, () => down.call('GET', '/ready', undefined, null)))
    await down.stop()
    expect(asked).toBe(1)
    expect(answers[0]).toMatchObject({ status: 503, json: { ok: false, store: { error: 'The disk is gone.' } } })
  })

  test('/openapi.json describes every call', async () => {
    const { json } = await signer.call('GET', '/openapi.json', undefined, null)
    expect(json.openapi).toBe('3.1.0')
    expect(Object.keys(json.paths).sort()).toEqual([
      '/artifacts',
      '/artifacts/{key}',
      '/download-url',
      '/download-urls',
      '/health',
      '/multipart',
      '/multipart/abort',
      '/multipart/complete',
      '/multipart/parts',
      '/objects',
      '/objects/{key}',
      '/openapi.json',
      '/public/{key}',
      '/ready',
      '/upload-url',
      '/upload-urls',
    ])
    const { schema } = json.paths['/upload-url'].post.requestBody.content['application/json']
    expect(schema.required.sort()).toEqual(['key', 'size', 'type'])
    expect(JSON.stringify(json)).not.toContain('$defs')
  })

  test('CORS: exact origins, others get nothing', async () => {
    const preflight = (origin: string) =>
      fetch(`${signer.url}/upload-url`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      })
    const allowed = await preflight('https://app.example.com')
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    for (const origin of ['https://app.example.com.evil.com', 'http://app.example.com', 'null', 'https://evil.com']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull()
    }
    const refused = await fetch(`${signer.url}/upload-url`, {
      method: 'POST',
      headers: { origin: 'https://app.example.com' },
    })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://app.example.com',
    ])
  })

  test('an authorize hook replaces the rule; shapes and buckets hold', async () => {
    const asked: unknown[] = []
    const open = await startSigner({
      authorize: (request) => {
        asked.push(request)
        return request.action === 'write'
      },
    })
    const { address } = await contentOf(10, 93)
    const stranger = await token({}, 'eve')
    const call = (key: string) => open.call('POST', '/upload-url', { key, size: 10, type: 'image/png' }, stranger)
    expect((await call(`reef/files/${address}`)).status).toBe(200)
    expect(asked).toEqual([
      {
        claims: expect.objectContaining({ sub: 'eve' }),
        action: 'write',
        key: `reef/files/${address}`,
        size: 10,
        type: 'image/png',
      },
    ])
    expect((await call(`reef/${address}`)).json.error.code).toBe('bad_key')
    expect((await call(`reef/nowhere/${address}`)).json.error.code).toBe('bad_key')
    expect((await open.call('GET', `/download-url?key=reef/files/${address}`, undefined, stranger)).status).toBe(403)
    await open.stop()
  })

  test('a hook that throws something odd lets nobody in', async () => {
    const odd = await startSigner({ authorize: () => Promise.reject('odd') })
    const key = `reef/files/${'a'.repeat(64)}`
    const authorization = `Bearer ${await token({ reef: ['read'] })}`
    const answer = await odd.fetch(new Request(`${odd.url}/download-url?key=${key}`, { headers: { authorization } }))
    await odd.stop()
    expect([answer.status, ((await answer.json()) as any).error.code]).toEqual([503, 'storage_unavailable'])
  })

  test('a purge takes the digest list first: an upload that completes meanwhile writes it again', async () => {
    const deleted: string[] = []
    const purging = await startSigner({}, (store) => ({
      ...store,
      delete: (key, call) => {
        deleted.push(key)
        return store.delete(key, call)
      },
    }))
    const key = `reef/files/${'a'.repeat(64)}-2`
    expect((await purging.call('DELETE', `/objects?key=${key}`)).status).toBe(204)
    await purging.stop()
    expect(deleted).toEqual([`${key}.parts`, key])
  })

  test('429 with Retry-After, each user for himself', async () => {
    const slow = await startSigner({ rateLimit: { perSecond: 0.1, burst: 2 } })
    const key = `reef/site/${'a'.repeat(64)}`
    const ask = (sub: string) =>
      token({ reef: ['read'] }, sub).then((t) => slow.call('GET', `/download-url?key=${key}`, undefined, t))
    const answers = [await ask('ada'), await ask('ada'), await ask('ada'), await ask('bob')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200])
    expect(answers[2]!.json.error.code).toBe('rate_limited')
    expect(Number(answers[2]!.headers.get('retry-after'))).toBeGreaterThan(0)
    const open = () => slow.call('GET', `/public/${key}`, undefined, null)
    expect([await open(), await open(), await open()].map(({ status }) => status)).toEqual([302, 302, 429])
    await slow.stop()
  })

  test('the items of a batch count as requests', async () => {
    const slow = await startSigner({ rateLimit: { perSecond: 0.1, burst: 5 } })
    const keys = Array.from({ length: 4 }, (_, i) => `reef/site/${String(i).repeat(64)}`)
    const ask = () => slow.call('POST', '/download-urls', { keys })
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 429])
    const items = keys.map((key) => ({ key, size: 1, type: 'image/png' }))
    const other = await token({ reef: ['write'] }, 'bob')
    const put = () => slow.call('POST', '/upload-urls', { items }, other)
    expect([(await put()).status, (await put()).status]).toEqual([200, 429])
    await slow.stop()
  })

  test('signed URLs are not on the host that a request names, unless the options say so', async () => {
    const path = `/download-url?key=reef/site/${'a'.repeat(64)}`
    const headers = { authorization: `Bearer ${await token({ reef: ['read'] })}`, host: 'evil.example' }
    const ask = async (url: string) => {
      const [response] = (await once(get(url + path, { headers }), 'response')) as [IncomingMessage]
      const body = await response.toArray()
      return new URL(JSON.parse(Buffer.concat(body).toString()).url).origin
    }
    expect(await ask(signer.url)).toBe(signer.url)
    const trusting = await startSigner({ trustHost: true })
    expect(await ask(trusting.url)).toBe('http://evil.example')
    await trusting.stop()
  })

  test('fails closed: what leaves a door open does not start', () => {
    const good = {
      store: signer.store,
      authenticate: sharedSecretTokens({ secrets: ['x'.repeat(32)] }),
      urlSecret: 'y'.repeat(32),
    }
    expect(createSigner(good)).toHaveProperty('fetch')
    for (const [bad, message] of [
      [{ authenticate: undefined }, 'verifier'],
      [{ urlSecret: undefined }, 'urlSecret'],
      [{ urlSecret: 'short' }, 'urlSecret'],
      [{ buckets: {} }, 'bucket'],
      [{ buckets: { files: { access: 'all' } } }, 'access'],
      [{ buckets: { files: { access: 'store', maxsize: 5 } } }, 'maxsize'],
      [{ cors: { origins: ['*'] } }, 'origin'],
      [{ cors: { origins: ['https://app.example.com/'] } }, 'origin'],
      [{ cors: { origins: ['https://a.example'] }, cdnBaseUrl: 'https://a.example/cdn' }, 'CDN'],
      // The app on the signer's own origin needs no mention among the origins.
      [{ publicBaseUrl: 'https://a.example/signer', cdnBaseUrl: 'https://a.example/cdn' }, 'CDN'],
      [{ longestShare: Number.NaN }, 'longestShare'],
    ] as const) {
      expect(() => createSigner({ ...good, ...bad } as never)).toThrow(message)
    }
  })

  test('a CDN in front of public buckets', async () => {
    const fronted = await startSigner({ cdnBaseUrl: 'https://cdn.example.com/files/' })
    const key = `reef/site/${'a'.repeat(64)}`
    const { headers } = await fronted.call('GET', `/public/${key}`, undefined, null)
    await fronted.stop()
    expect(headers.get('location')).toBe(`https://cdn.example.com/files/${key}`)
  })
})
