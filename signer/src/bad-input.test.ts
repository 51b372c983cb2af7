import { connect } from 'node:net'
import { type ObjectStore, ObjectStoreError } from '@rockpool/object-store'
import { MAX_CONTENT_SIZE, PART_SIZE } from '@rockpool/protocol'
import fc from 'fast-check'
import { Schema } from 'effect'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readJson } from './body.ts'
import { contentOf, send, startSigner, type TestSigner, token, TOKEN_SECRET } from './testing/harness.ts'

const HASH = 'a'.repeat(64)
const expired = await new SignJWT({ sub: 'ada', stores: { reef: ['read'] } })
  .setProtectedHeader({ alg: 'HS256' })
  .setExpirationTime('-1 min')
  .sign(new TextEncoder().encode(TOKEN_SECRET))
let signer: TestSigner
beforeAll(async () => {
  signer = await startSigner({ rateLimit: false })
})
afterAll(() => signer.stop())

const code = ({ status, json }: { status: number; json: any }) => [status, json?.error?.code]

describe('sizes', () => {
  test.each([-1, 0.5, 2 ** 53, 1e300, '5', null, true, [], PART_SIZE + 1, MAX_CONTENT_SIZE + 1])(
    '%j for a content of one part',
    async (size) => {
      const body = { key: `reef/files/${HASH}`, size, type: 'image/png' }
      expect(code(await signer.call('POST', '/upload-url', body))).toEqual([400, 'bad_request'])
      expect(code(await signer.call('POST', '/upload-url', { ...body, size: undefined }))).toEqual([400, 'bad_request'])
    },
  )
  test.each([
    [PART_SIZE, 2],
    [2 * PART_SIZE + 1, 2],
    [1, 10_000],
    [MAX_CONTENT_SIZE + 1, 10_000],
  ])('%d bytes in %d parts', async (size, parts) => {
    const digests = Buffer.alloc(32 * parts).toString('base64')
    const body = { key: `reef/files/${HASH}-${parts}`, size, type: 'image/png', digests, uploadId: 'u', numbers: [1] }
    for (const path of ['/multipart', '/multipart/parts', '/multipart/complete']) {
      expect(code(await signer.call('POST', path, body))).toEqual([400, 'bad_request'])
    }
  })
})

describe('parts', () => {
  const key = `reef/files/${HASH}-2`
  const body = {
    key,
    size: PART_SIZE + 1,
    type: 'a/b',
    digests: Buffer.alloc(64).toString('base64'),
    uploadId: 'u',
    numbers: [1],
  }
  test.each([
    ['10,001 parts', { key: `reef/files/${HASH}-10001` }, 'bad_key'],
    ['a digest list of 10,001', { digests: Buffer.alloc(32 * 10_001).toString('base64') }, 'bad_request'],
    ['half a digest', { digests: Buffer.alloc(48).toString('base64') }, 'bad_request'],
    ['no digests', { digests: '' }, 'bad_request'],
    ['digests that are no base64', { digests: '!'.repeat(88) }, 'bad_request'],
    ['digests of other bytes', {}, 'digest_mismatch'],
    ['part 0', { numbers: [0] }, 'bad_request'],
    ['part 3 of 2', { numbers: [3] }, 'bad_request'],
    ['a part twice', { numbers: [1, 1] }, 'bad_request'],
    ['101 parts at once', { numbers: Array.from({ length: 101 }, (_, i) => i + 1) }, 'bad_request'],
    ['no part', { numbers: [] }, 'bad_request'],
    ['an upload id with a line break', { uploadId: 'a\r\nb' }, 'bad_request'],
    ['an upload id of 1 MB', { uploadId: 'a'.repeat(1_000_000) }, 'bad_request'],
  ])('%s', async (_, patch, expected) => {
    expect(code(await signer.call('POST', '/multipart/parts', { ...body, ...patch }))).toEqual([400, expected])
  })
})

describe('keys, in every place that takes one', () => {
  const keys = [
    '',
    '..',
    `../files/${HASH}`,
    `tmp/files/${HASH}`,
    `reef/files/${HASH.toUpperCase()}`,
    `reef/files/${HASH}-1`,
    `reef//${HASH}`,
    `rеef/files/${HASH}`,
    `reef/files/${HASH}\u0000`,
    `reef/unknown/${HASH}`,
    'x'.repeat(100_000),
  ]
  test.each(keys.map((key) => [key.slice(0, 40), key]))('%j', async (_, key) => {
    const body = { key, size: 1, type: 'a/b', uploadId: 'u', digests: 'AAAA', numbers: [1] }
    for (const path of ['/upload-url', '/multipart/abort']) {
      expect([path, ...code(await signer.call('POST', path, body))]).toEqual([path, 400, 'bad_key'])
    }
    for (const path of ['/multipart', '/multipart/parts', '/multipart/complete']) {
      const { status, json } = await signer.call('POST', path, body)
      expect([path, status]).toEqual([path, 400])
      expect(['bad_key', 'bad_request']).toContain(json.error.code)
    }
    // A dot segment never gets here: every URL parser resolves it.
    const short = key === '..' ? '...' : key.slice(0, 5_000)
    for (const [method, path] of [
      ['GET', `/download-url?key=${encodeURIComponent(short)}`],
      ['DELETE', `/objects?key=${encodeURIComponent(short)}`],
      ['GET', `/objects/${encodeURIComponent(short)}`],
      ['PUT', `/objects/${encodeURIComponent(short)}`],
      ['DELETE', `/objects/${encodeURIComponent(short)}`],
    ] as const) {
      const answer = await signer.call(method, path, method === 'PUT' ? 'x' : undefined)
      expect([path, ...code(answer)]).toEqual([path, 400, 'bad_key'])
    }
  })

  test('no key', async () => {
    expect(code(await signer.call('GET', '/download-url'))).toEqual([400, 'bad_request'])
    expect(code(await signer.call('POST', '/upload-url', {}))).toEqual([400, 'bad_request'])
  })
})

describe('bodies', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '7'],
    ['a prototype', '{"__proto__":{"key":"x"}}'],
    ['deep nesting', '['.repeat(50_000)],
  ])('%s', async (_, body) => {
    expect(code(await signer.call('POST', '/upload-url', body))).toEqual([400, 'bad_request'])
  })

  test('over 1 MiB is refused, announced or not', async () => {
    const body = JSON.stringify({ key: 'x'.repeat(1024 * 1024) })
    expect(code(await signer.call('POST', '/upload-url', body))).toEqual([413, 'too_large'])
    const chunked = await fetch(`${signer.url}/upload-url`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await token({})}` },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
  })

  test('one that trickles is given up', async () => {
    const cancelled = Promise.withResolvers<void>()
    const body = new ReadableStream({
      start: (c) => c.enqueue(new TextEncoder().encode('{')),
      cancel: () => cancelled.resolve(),
    })
    const request = new Request('http://signer/upload-url', { method: 'POST', body, duplex: 'half' } as RequestInit)
    await expect(readJson(request, Schema.Unknown, 20)).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining('slowly'),
    })
    await cancelled.promise
  })

  test('a body that breaks off is no failure of the signer', async () => {
    const before = signer.lines.length
    const bearer = await token({ reef: ['write'] })
    for (const head of ['POST /upload-url', `PUT /objects/reef/files/${HASH}`]) {
      const socket = connect(Number(new URL(signer.url).port), '127.0.0.1')
      socket.write(`${head} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bearer}\r\nContent-Length: 1000\r\n\r\n{`)
      socket.end()
      socket.resume()
    }
    await expect.poll(() => signer.lines.slice(before).map(({ status }) => status)).toEqual([400, 400])
  })

  test('without a token nobody gets to send one', async () => {
    const socket = connect(Number(new URL(signer.url).port), '127.0.0.1')
    socket.write('POST /upload-url HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{')
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1.1 401/)
  })
})

describe('routes and tokens', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/nothing'],
    ['GET', '/upload-url'],
    ['PUT', '/multipart'],
    ['PATCH', `/objects/reef/files/${HASH}`],
    ['POST', `/objects/reef/files/${HASH}`],
    ['POST', '/health'],
    ['GET', '/upload-url/'],
    ['GET', '//upload-url'],
    ['GET', '/..%2f..%2fetc/passwd'],
  ])('%s %s', async (method, path) => expect(code(await signer.call(method, path))).toEqual([404, 'not_found']))

  test.each([
    ['none', undefined],
    ['empty', ''],
    ['another scheme', 'Basic YWRhOmFkYQ=='],
    ['nonsense', 'Bearer nonsense'],
    ['two', 'Bearer a.b.c, Bearer a.b.c'],
    ['alg none', `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"ada","stores":{"reef":["read"]}}')}.`],
    ['expired', `Bearer ${expired}`],
  ])('token: %s', async (_, authorization) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    const paths = [`/download-url?key=reef/files/${HASH}`, `/objects/reef/files/${HASH}`]
    for (const path of paths) {
      const response = await fetch(signer.url + path, { headers })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const text = await response.text()
      expect(JSON.parse(text).error.code).toBe('unauthenticated')
      if (authorization) expect(text).not.toContain(authorization.slice(7))
    }
    for (const path of [
      '/upload-url',
      '/upload-urls',
      '/download-urls',
      '/multipart',
      '/multipart/parts',
      '/multipart/complete',
      '/multipart/abort',
    ]) {
      expect((await fetch(signer.url + path, { method: 'POST', headers, body: '{}' })).status).toBe(401)
    }
  })

  test('a signature of nonsense is not taken for a token', async () => {
    for (const signature of ['', 'x', '0'.repeat(64), HASH]) {
      const answer = await signer.call(
        'GET',
        `/objects/reef/files/${HASH}?signature=${signature}&expires=99999999999999`,
      )
      expect(code(answer)).toEqual([403, 'forbidden'])
    }
  })
})

describe('a storage that fails', () => {
  const failing = (error: () => Promise<never>) =>
    startSigner({}, (store): ObjectStore => ({
      ...store,
      head: error,
      get: error,
      put: error,
      exists: error,
      delete: error,
      multipart: { ...store.multipart, start: error, listParts: error, complete: error },
    }))
  const down = async () => {
    throw new ObjectStoreError('unavailable', 'connect ECONNREFUSED 10.0.0.7:9000', {
      retryAfterMs: 17_000,
      cause: new Error('key AKIA'),
    })
  }
  const broken = async () => {
    throw new TypeError('secretAccessKey of undefined')
  }

  test.each([
    ['down, with Retry-After', down, '17'],
    ['broken in a way nobody thought of', broken, '5'],
  ])('%s', async (_, error, retryAfter) => {
    const sick = await failing(error)
    const one = await contentOf(10)
    const two = await contentOf(PART_SIZE + 1)
    const { address, size, digests } = two
    const many = { key: `reef/files/${address}`, size, digests, type: 'a/b', uploadId: 'u' }
    const calls: [string, string, unknown?][] = [
      ['POST', '/upload-url', { key: `reef/files/${one.address}`, size: 10, type: 'a/b' }],
      ['POST', '/multipart', many],
      ['POST', '/multipart/complete', many],
      ['GET', `/download-url?key=reef/files/${one.address}&check=1`],
      ['GET', `/objects/reef/files/${one.address}`],
      ['DELETE', `/objects/reef/files/${one.address}`],
    ]
    for (const [method, path, body] of calls) {
      const answer = await sick.call(method, path, body)
      expect([path, ...code(answer)]).toEqual([path, 503, 'storage_unavailable'])
      expect(answer.headers.get('retry-after')).toBe(retryAfter)
      expect(answer.text).not.toMatch(/10\.0\.0\.7|AKIA|secretAccessKey/)
    }
    expect((await sick.call('GET', '/health')).status).toBe(200)
    expect(sick.lines.filter(({ status }) => status === 503).every(({ error }) => error !== undefined)).toBe(true)
    await sick.stop()
  })

  test('a client that goes away ends the work for it', async () => {
    const started = Promise.withResolvers<AbortSignal>()
    const slow = await startSigner({}, (store) => ({
      ...store,
      head: (_, options) =>
        new Promise((_, reject) => {
          started.resolve(options!.signal!)
          options!.signal!.addEventListener('abort', () => reject(new ObjectStoreError('aborted', 'Gone.')))
        }),
    }))
    const leaving = new AbortController()
    const request = fetch(`${slow.url}/download-url?key=reef/files/${HASH}&check=1`, {
      headers: { authorization: `Bearer ${await token({ reef: ['read'] })}` },
      signal: leaving.signal,
    })
    const signal = await started.promise
    leaving.abort()
    await expect(request).rejects.toThrow()
    await expect.poll(() => signal.aborted).toBe(true)
    await slow.stop()
  })
})

describe('parsers', () => {
  test(
    'no body and no query makes the signer answer anything but its own errors, and never writes',
    { timeout: 120_000 },
    async () => {
      const value = fc.oneof(
        fc.jsonValue(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(`reef/files/${HASH}`, `reef/files/${HASH}-2`, 1, PART_SIZE + 1),
      )
      const body = fc.record(
        {
          key: value,
          size: value,
          type: value,
          digests: value,
          uploadId: value,
          numbers: value,
          items: value,
          keys: value,
        },
        { requiredKeys: [] },
      )
      const path = fc.constantFrom(
        '/upload-urls',
        '/download-urls',
        '/multipart',
        '/multipart/parts',
        '/multipart/complete',
        '/multipart/abort',
      )
      await fc.assert(
        fc.asyncProperty(path, body, async (path, body) => {
          const { status, json } = await signer.call('POST', path, body)
          // Aborting what never was is fine.
          if (path === '/multipart/abort' && status === 204) return
          if (status === 200) expect(Array.isArray(json.items)).toBe(true)
          else
            expect(code({ status, json })).toEqual([
              400,
              expect.stringMatching(/^(bad_request|bad_key|digest_mismatch)$/),
            ])
        }),
        { numRuns: 150 },
      )
    },
  )
})

test('what is signed for one size takes no other, whatever the header says', async () => {
  const { address, bytes } = await contentOf(100, 3)
  const request = { key: `reef/files/${address}`, size: 100, type: 'image/png' }
  const { json } = await signer.call('POST', '/upload-url', request)
  const url = new URL(json.url)
  const raw = (length: number, body: Uint8Array) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(url.port), '127.0.0.1')
      let answer = ''
      socket
        .on('data', (data) => (answer += data))
        .on('close', () => resolve(answer))
        .on('error', () => resolve(answer))
      const head = `PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: image/png\r\nIf-None-Match: *\r\nContent-Length: ${length}\r\n\r\n`
      socket.write(head)
      socket.end(body)
    })
  expect(await raw(5_000_000_000, bytes)).not.toMatch(/^HTTP\/1.1 2/)
  expect(await raw(99, bytes)).not.toMatch(/^HTTP\/1.1 2/)
  expect(await raw(100, bytes.slice(0, 50))).not.toMatch(/^HTTP\/1.1 2/)
  expect(await signer.store.exists(request.key)).toBe(false)
  expect((await send(json, bytes.slice(1))).status).toBe(400)
})

test('after all of that, nothing has been written', async () => {
  expect((await signer.store.list('')).objects).toEqual([])
})
