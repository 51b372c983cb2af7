import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createSigner } from './app.ts'
import {
  bytesOf,
  contentOf,
  ownerOf,
  send,
  startSigner,
  type TestSigner,
  token,
  uploadParts,
} from './testing/harness.ts'
import { sharedSecretTokens } from './token.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const ada = await ownerOf('ada')
let signer: TestSigner
beforeAll(async () => {
  signer = await startSigner({ cors: { origins: ['https://app.example.com'] } })
})
afterAll(() => signer.stop())

const get = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(url, { headers })
  return { status: response.status, headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) }
}

/** Matchers take seconds for 16 MiB. */
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

describe('a content of one part', () => {
  test.each([0, 1, 5_000, PART_SIZE])('of %d bytes goes up once and comes down', async (size) => {
    const { address, bytes } = await contentOf(size, size + 1)
    const request = { key: `reef/files/${address}`, size, type: 'image/png' }
    const { status, json } = await signer.call('POST', '/upload-url', request)
    expect([status, json.status]).toEqual([200, 'put'])
    expect(json.expiresAt).toBeGreaterThan(Date.now())
    const put = await send(json, bytes)
    expect(put.status).toBe(200)

    const again = await signer.call('POST', '/upload-url', request)
    expect(again.json).toEqual({ status: 'stored', durable: true, etag: put.headers.get('etag') })
    const { json: down } = await signer.call('GET', `/download-url?key=${request.key}&check=1`)
    expect(down).not.toHaveProperty('partsUrl')
    const got = await get(down.url)
    expect(same(got.bytes, bytes)).toBe(true)
    expect(got.headers.get('content-type')).toBe('image/png')
  })
})

describe('a content of several parts', () => {
  test('goes up in parts, resumes, completes twice, and comes down with its digest list', async () => {
    const content = await contentOf(2 * PART_SIZE + 123, 5)
    const { size, digests, bytes } = content
    const key = `reef/files/${content.address}`
    const start = { key, size, type: 'video/mp4', digests }
    const { json: begun } = await signer.call('POST', '/multipart', start)
    expect(begun).toEqual({ uploadId: expect.any(String), partSize: PART_SIZE, uploaded: [] })
    const { uploadId } = begun

    const { json } = await signer.call('POST', '/multipart/parts', { key, size, uploadId, digests, numbers: [3, 1] })
    expect(json.parts.map((part: { number: number }) => part.number)).toEqual([3, 1])
    await send(json.parts[0], bytes.slice(2 * PART_SIZE))
    const resumed = await signer.call('POST', '/multipart', { ...start, uploadId })
    expect(resumed.json).toEqual({ uploadId, partSize: PART_SIZE, uploaded: [3] })

    await send(json.parts[1], bytes.slice(0, PART_SIZE))
    const { json: second } = await signer.call('POST', '/multipart/parts', {
      key,
      size,
      uploadId,
      digests,
      numbers: [2],
    })
    await send(second.parts[0], bytes.slice(PART_SIZE, 2 * PART_SIZE))
    const complete = await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
    expect(complete).toMatchObject({ status: 200, json: { durable: true, etag: expect.any(String) } })
    const again = await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
    expect([again.status, again.json]).toEqual([200, complete.json])
    expect((await signer.call('POST', '/multipart', start)).json).toMatchObject({
      status: 'stored',
      etag: complete.json.etag,
    })

    const { json: down } = await signer.call('GET', `/download-url?key=${key}`)
    expect(same((await get(down.url)).bytes, bytes)).toBe(true)
    expect(Buffer.from((await get(down.partsUrl)).bytes).toString('base64')).toBe(digests)
  })

  test('the digest list is written again when it lacks', async () => {
    const content = await contentOf(PART_SIZE + 1, 6)
    const key = `reef/files/${content.address}`
    const { uploadId } = await uploadParts(signer, key, content)
    const { size, digests } = content
    for (const [path, body] of [
      ['/multipart/complete', { key, size, uploadId, digests }],
      ['/multipart', { key, size, type: 'video/mp4', digests }],
    ] as const) {
      await signer.store.delete(`${key}.parts`)
      expect((await signer.call('POST', path, body)).status).toBe(200)
      expect((await signer.store.head(`${key}.parts`)).size).toBe(64)
    }
  })

  test('an unknown upload is a new one at start, and 404 at complete', async () => {
    const { address, size, digests } = await contentOf(PART_SIZE + 2, 8)
    const request = { key: `reef/files/${address}`, size, digests, uploadId: 'unknown' }
    const begun = await signer.call('POST', '/multipart', { ...request, type: 'a/b' })
    expect(begun.json).toMatchObject({ uploaded: [] })
    expect(begun.json.uploadId).not.toBe('unknown')
    const { status, json } = await signer.call('POST', '/multipart/complete', request)
    expect([status, json.error.code]).toEqual([404, 'not_found'])
  })

  test('parts are signed without the digests while the signer remembers them, to who brought them', async () => {
    const { address, size, digests } = await contentOf(PART_SIZE + 5, 11)
    const key = `reef/files/${address}`
    const request = { key, size, uploadId: 'any', numbers: [1, 2] }
    const parts = async (body: object, bearer?: string) =>
      (await signer.call('POST', '/multipart/parts', body, bearer)).json
    expect(await parts(request)).toEqual({ status: 'digests_needed' })

    const brought = await parts({ ...request, digests })
    const remembered = await parts(request)
    const headers = (json: { parts: { headers: object }[] }) => json.parts.map((part) => part.headers)
    expect(remembered.parts).toHaveLength(2)
    expect(headers(remembered)).toEqual(headers(brought))

    const eve = await token({ reef: ['write'] }, 'eve')
    expect(await parts(request, eve)).toEqual({ status: 'digests_needed' })
    const forged = await contentOf(size, 12)
    expect(await parts({ ...request, digests: forged.digests }, eve)).toMatchObject({
      error: { code: 'digest_mismatch' },
    })
    expect(await parts(request, eve)).toEqual({ status: 'digests_needed' })
  })

  test('two complete at once at two signers: the slower one finds it done', async () => {
    const content = await contentOf(PART_SIZE + 4, 10)
    const key = `reef/files/${content.address}`
    const other = await startSigner({}, (store) => ({
      ...store,
      multipart: {
        ...store.multipart,
        complete: async (...request) => {
          await store.multipart.complete(...request)
          return store.multipart.complete(...request)
        },
      },
    }))
    const { complete } = await uploadParts(other, key, content)
    expect([complete.status, complete.json.durable]).toEqual([200, true])
    await other.stop()
  })

  test('an aborted one is gone', async () => {
    const { address, size, digests } = await contentOf(PART_SIZE + 3, 9)
    const key = `reef/files/${address}`
    const { json } = await signer.call('POST', '/multipart', { key, size, type: 'a/b', digests })
    const { uploadId } = json
    expect((await signer.call('POST', '/multipart/abort', { key, uploadId })).status).toBe(204)
    expect((await signer.call('POST', '/multipart/abort', { key, uploadId })).status).toBe(204)
    expect((await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })).status).toBe(404)
  })
})

describe('batches', () => {
  test('one bad item fails alone', async () => {
    const [one, two] = [await contentOf(10, 21), await contentOf(11, 22)]
    const items = [
      { key: `reef/files/${one.address}`, size: 10, type: 'image/png' },
      { key: 'nonsense', size: 10, type: 'image/png' },
      { key: `lagoon/files/${one.address}`, size: 10, type: 'image/png' },
      { key: `reef/photos/${one.address}`, size: 10, type: 'text/plain' },
      null,
      { key: `reef/files/${two.address}`, size: 11, type: 'image/png' },
    ]
    const { status, json } = await signer.call('POST', '/upload-urls', { items })
    expect(status).toBe(200)
    const codes = json.items.map((item: any) => item.status ?? item.error.code)
    expect(codes).toEqual(['put', 'bad_key', 'forbidden', 'type_not_allowed', 'bad_request', 'put'])
    expect((await send(json.items[5], two.bytes)).status).toBe(200)

    const keys = [`reef/files/${two.address}`, 'nonsense', `lagoon/files/${two.address}`, 7]
    const down = await signer.call('POST', '/download-urls', { keys })
    expect(same((await get(down.json.items[0].url)).bytes, two.bytes)).toBe(true)
    expect(down.json.items.slice(1).map((item: any) => item.error.code)).toEqual([
      'bad_key',
      'forbidden',
      'bad_request',
    ])
  })

  test('have at most 100 items', async () => {
    const keys = Array.from({ length: 101 }, () => `reef/files/${'a'.repeat(64)}`)
    expect((await signer.call('POST', '/download-urls', { keys })).status).toBe(400)
    expect((await signer.call('POST', '/upload-urls', { items: keys })).status).toBe(400)
    expect((await signer.call('POST', '/download-urls', { keys: keys.slice(1) })).json.items).toHaveLength(100)
  })
})

describe('downloads', () => {
  let key: string
  const bytes = bytesOf(1_000, 31)
  beforeAll(async () => {
    const { address } = await contentOf(1_000, 31)
    key = `reef/files/${address}`
    const { json } = await signer.call('POST', '/upload-url', { key, size: 1_000, type: 'text/plain' })
    await send(json, bytes)
  })
  const ask = async (query: string) => signer.call('GET', `/download-url?key=${key}${query}`)

  test.each([
    ['', 'text/plain', null],
    ['&type=image/png', 'image/png', null],
    ['&type=text/html', 'application/octet-stream', 'attachment'],
    ['&type=image/svg%2Bxml&disposition=inline', 'application/octet-stream', 'attachment'],
    ['&type=image/png&disposition=attachment', 'image/png', 'attachment'],
    ['&name=a.txt', 'text/plain', `inline; filename="a.txt"; filename*=UTF-8''a.txt`],
    [
      '&disposition=attachment&name=%22%0d%0aX:%201%2F.txt',
      'text/plain',
      `attachment; filename="___X: 1_.txt"; filename*=UTF-8''%22__X%3A%201_.txt`,
    ],
    [
      '&disposition=attachment&name=%F0%9F%90%9A.txt',
      'text/plain',
      `attachment; filename="__.txt"; filename*=UTF-8''%F0%9F%90%9A.txt`,
    ],
  ])('asked with %j answers %s, %s', async (query, type, disposition) => {
    const { json } = await ask(query)
    const { headers } = await get(json.url)
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('content-disposition')).toBe(disposition)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain('sandbox')
  })

  test('a type that the bucket does not take is answered as octet-stream', async () => {
    const { address, bytes } = await contentOf(30, 33)
    const key = `reef/photos/${address}`
    await send((await signer.call('POST', '/upload-url', { key, size: 30, type: 'image/png' })).json, bytes)
    const { json } = await signer.call('GET', `/download-url?key=${key}&type=text/plain`)
    expect((await get(json.url)).headers.get('content-type')).toBe('application/octet-stream')
  })

  test('ranges: 206, 416, and the whole for nonsense', async () => {
    const { url } = (await ask('')).json
    const part = await get(url, { range: 'bytes=10-19' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/1000'])
    expect(same(part.bytes, bytes.slice(10, 20))).toBe(true)
    const beyond = await get(url, { range: 'bytes=1000-' })
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */1000'])
    expect((await get(url, { range: 'bytes=2-1' })).status).toBe(200)
  })

  test('HEAD has the headers and no body', async () => {
    const response = await fetch((await ask('')).json.url, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '1000', ''])
  })

  test('a URL ends when it says', async () => {
    const { json } = await ask('&expiresIn=1')
    expect(json.expiresAt - Date.now()).toBeLessThanOrEqual(1_000)
    expect((await get(json.url)).status).toBe(200)
    await expect.poll(async () => (await get(json.url)).status, { timeout: 3_000 }).toBe(403)
  })

  test.each([
    ['&expiresIn=3600', 200],
    ['&expiresIn=3601', 400],
    ['&expiresIn=0', 400],
    ['&expiresIn=-1', 400],
    ['&expiresIn=1.5', 400],
    ['&expiresIn=NaN', 400],
    ['&type=nonsense', 400],
    ['&disposition=form-data', 400],
    ['&check=yes', 400],
  ])('%s is answered %d', async (query, status) => expect((await ask(query)).status).toBe(status))

  test('check asks the store', async () => {
    const missing = `reef/files/${'0'.repeat(64)}`
    expect((await signer.call('GET', `/download-url?key=${missing}`)).status).toBe(200)
    const { status, json } = await signer.call('GET', `/download-url?key=${missing}&check=1`)
    expect([status, json.error.code]).toEqual([404, 'not_found'])
    const { json: dangling } = await signer.call('GET', `/download-url?key=${missing}`)
    expect((await get(dangling.url)).status).toBe(404)
  })

  test('a legacy key is read and never written', async () => {
    const { address, bytes } = await contentOf(20, 41)
    const sha256 = new Uint8Array(Buffer.from(address, 'hex'))
    await signer.store.put(`reef/${address}`, bytes, { size: 20, sha256 })
    const { json } = await signer.call('GET', `/download-url?key=reef/${address}&check=1`)
    // livestore-filesync stored active types, too, and S3 answers them as they are.
    expect(new URL(json.url).searchParams.get('response-content-type')).toBe('application/octet-stream')
    expect(same((await get(json.url)).bytes, bytes)).toBe(true)
    const { status, json: refused } = await signer.call('POST', '/upload-url', {
      key: `reef/${address}`,
      size: 20,
      type: 'a/b',
    })
    expect([status, refused.error.code]).toEqual([400, 'bad_key'])
    expect((await signer.call('DELETE', `/objects?key=reef/${address}`)).json.error.code).toBe('bad_key')
  })
})

describe('the data plane with a token', () => {
  test('PUT once, GET, HEAD, DELETE', async () => {
    const { address, bytes } = await contentOf(500, 51)
    const url = `${signer.url}/objects/reef/files/${address}`
    const authorization = `Bearer ${await token({ reef: ['read', 'write', 'delete'] })}`
    const put = (body: Uint8Array<ArrayBuffer>, type = 'image/png') =>
      fetch(url, { method: 'PUT', body, headers: { authorization, 'content-type': type } })
    expect((await put(bytesOf(500, 52))).status).toBe(400)
    expect((await put(bytes, 'text/html')).status).toBe(200)
    expect((await put(bytes)).status).toBe(412)
    const got = await get(url, { authorization })
    expect([got.headers.get('content-type'), got.headers.get('content-disposition')]).toEqual([
      'application/octet-stream',
      'attachment',
    ])
    expect(same(got.bytes, bytes)).toBe(true)
    expect(got.headers.get('vary')).toContain('Authorization')
    expect((await get(url)).status).toBe(401)
    expect((await fetch(url, { method: 'DELETE', headers: { authorization } })).status).toBe(204)
    expect((await get(url, { authorization })).status).toBe(404)
  })

  test('PUT keeps to the rules of the bucket and of rights, and needs a length', async () => {
    const { address, bytes } = await contentOf(500, 54)
    const put = async (key: string, headers: Record<string, string>, stores = { reef: ['write' as const] }) => {
      const authorization = `Bearer ${await token(stores)}`
      const response = await fetch(`${signer.url}/objects/${key}`, {
        method: 'PUT',
        body: bytes,
        headers: { authorization, ...headers },
      })
      return response.status
    }
    expect(await put(`reef/photos/${address}`, { 'content-type': 'text/plain' })).toBe(415)
    expect(await put(`reef/photos/${address}-2`, { 'content-type': 'image/png' })).toBe(400)
    expect(await put(`lagoon/files/${address}`, {})).toBe(403)
    const chunked = await send(
      {
        url: `${signer.url}/objects/reef/files/${address}`,
        headers: { authorization: `Bearer ${await token({ reef: ['write'] })}` },
      },
      new Blob([bytes]).stream(),
    )
    expect(chunked.status).toBe(400)
    expect(await signer.store.exists(`reef/photos/${address}`)).toBe(false)
    expect(await put(`reef/photos/${address}`, { 'content-type': 'image/png' })).toBe(200)
  })

  test('of several parts: the content and its digest list are read', async () => {
    const content = await contentOf(PART_SIZE + 9, 53)
    const key = `reef/files/${content.address}`
    await uploadParts(signer, key, content)
    const authorization = `Bearer ${await token({ reef: ['read'] })}`
    expect(
      same(
        (await get(`${signer.url}/objects/${key}`, { authorization, range: 'bytes=-9' })).bytes,
        content.bytes.slice(-9),
      ),
    ).toBe(true)
    const list = await get(`${signer.url}/objects/${key}.parts`, { authorization })
    expect(Buffer.from(list.bytes).toString('base64')).toBe(content.digests)
  })
})

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

describe('service', () => {
  test('/health and /ready need no token', async () => {
    expect((await signer.call('GET', '/health', undefined, null)).json).toEqual({ ok: true })
    const { status, json } = await signer.call('GET', '/ready', undefined, null)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      ok: true,
      store: { mode: 'local', integrity: 'checksum', latencyMs: expect.any(Number) },
    })
  })

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

  test('the service role, switched on, may everywhere, and each use is told', async () => {
    const decisions: unknown[] = []
    const trusting = await startSigner({
      serviceRole: true,
      hooks: { onDecision: (decision) => decisions.push(decision) },
    })
    const service = await token({}, 'robot', { role: 'service' })
    const { address } = await contentOf(10, 92)
    const key = `lagoon/private/${await ownerOf('eve')}/${address}`
    const { status } = await trusting.call('POST', '/upload-url', { key, size: 10, type: 'a/b' }, service)
    await trusting.stop()
    expect(status).toBe(200)
    expect(decisions).toEqual([{ allowed: true, action: 'write', key, storeId: 'lagoon', sub: 'robot', service: true }])
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
