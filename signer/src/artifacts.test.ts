import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSigner, type TestSigner, token } from './testing/harness.ts'

const ID = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e77'
const OTHER = '3f1c9a52-7b1e-4c0d-9f43-2a6f0d1b8e78'
const KEY = `requests/${ID}/input/original.mp4`
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')

let signer: TestSigner
beforeAll(async () => {
  signer = await startSigner()
})
afterAll(() => signer?.stop())

const tokenFor = (requests: object, stores = {}) => token(stores, 'render-farm', { requests })
const all = { [ID]: ['read', 'write', 'delete'] }

const send = async (
  method: string,
  path: string,
  { requests = all, body, headers = {} }: { requests?: object; body?: string; headers?: Record<string, string> } = {},
) => {
  const response = await fetch(`${signer.url}/artifacts${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenFor(requests)}`,
      ...(body !== undefined && { 'x-amz-content-sha256': digestOf(body), 'content-type': 'text/plain' }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text }
}

describe('rights', () => {
  test('the claim "requests" decides, per request and right', async () => {
    expect((await send('PUT', `/${KEY}`, { requests: { [ID]: ['write'] }, body: 'one' })).status).toBe(200)
    expect((await send('GET', `/${KEY}`, { requests: { [ID]: ['read'] } })).text).toBe('one')
    for (const [method, requests] of [
      ['GET', { [ID]: ['write'] }],
      ['HEAD', { [ID]: ['write', 'delete'] }],
      ['DELETE', { [ID]: ['read', 'write'] }],
      ['GET', { [OTHER]: ['read', 'write', 'delete'] }],
      ['GET', {}],
    ] as const) {
      expect((await send(method, `/${KEY}`, { requests })).status).toBe(403)
    }
    expect((await send('PUT', `/${KEY}2`, { requests: { [ID]: ['read'] }, body: 'x' })).status).toBe(403)
    expect((await send('POST', `/${KEY}?uploads`, { requests: { [ID]: ['read'] } })).status).toBe(403)
    expect((await send('DELETE', `/${KEY}?uploadId=u`, { requests: { [ID]: ['read', 'delete'] } })).status).toBe(403)
    expect((await send('DELETE', `/${KEY}`)).status).toBe(204)
  })

  test('rights in a store are none on requests, and the other way round', async () => {
    const storeToken = await token({ reef: ['read', 'write', 'delete'] })
    expect((await signer.call('GET', `/artifacts/${KEY}`, undefined, storeToken)).status).toBe(403)
    const body = { key: `reef/files/${'a'.repeat(64)}`, size: 1, type: 'image/png' }
    expect((await signer.call('POST', '/upload-url', body, await tokenFor(all))).status).toBe(403)
    expect((await signer.call('GET', `/artifacts/${KEY}`, undefined, null)).status).toBe(401)
  })

  test('no token reaches tmp/, stores, or a listing that is wider than a request', async () => {
    for (const path of ['/tmp/scratch/a', '/reef/files/a', `/requests/${ID}/../${OTHER}/input/a`, `/requests/${ID}`]) {
      expect([400, 403]).toContain((await send('GET', path)).status)
    }
    for (const prefix of [
      '',
      'requests/',
      `requests/${ID.slice(0, -1)}`,
      `requests/${ID}`,
      'tmp/scratch/',
      `requests/${OTHER}/`,
    ]) {
      expect([400, 403]).toContain((await send('GET', `?prefix=${prefix}`)).status)
    }
  })
})

describe('bad input', () => {
  test.for([
    ['without a digest', `/${KEY}`, { body: 'x', headers: { 'x-amz-content-sha256': '' } }, 400],
    [
      'with the digest of other bytes',
      `/${KEY}`,
      { body: 'x', headers: { 'x-amz-content-sha256': digestOf('y') } },
      400,
    ],
    ['with a type that is none', `/${KEY}`, { body: 'x', headers: { 'content-type': 'video' } }, 400],
    ['with an If-None-Match other than *', `/${KEY}`, { body: 'x', headers: { 'if-none-match': '"e"' } }, 400],
    ['of part 0', `/${KEY}?uploadId=u&partNumber=0`, { body: 'x' }, 400],
    ['of part 10,001', `/${KEY}?uploadId=u&partNumber=10001`, { body: 'x' }, 400],
    ['of a part of no upload', `/${KEY}?uploadId=u&partNumber=1`, { body: 'x' }, 404],
    ['where If-Match names another object', `/${KEY}`, { body: 'x', headers: { 'if-match': '"e"' } }, 412],
    ['of more than a part', `/${KEY}`, { body: 'x'.repeat(8 * 1024 * 1024 + 1) }, 413],
  ] as const)('a PUT %s is refused, and nothing is stored', async ([, path, call, status]) => {
    expect((await send('PUT', path, call)).status).toBe(status)
    expect((await send('HEAD', `/${KEY}`)).status).toBe(404)
  })

  test('a POST that neither starts nor completes an upload is refused', async () => {
    expect((await send('POST', `/${KEY}`)).status).toBe(400)
    const complete = { body: JSON.stringify({ parts: [{ number: 1, etag: '"e"' }], size: 1 }) }
    expect((await send('POST', `/${KEY}?uploadId=u`, complete)).status).toBe(404)
    expect((await send('POST', `/${KEY}?uploadId=u`, { body: '{}' })).status).toBe(400)
  })

  test('an upload without an id is refused, and the artifact stays', async () => {
    await send('PUT', `/${KEY}`, { body: 'one' })
    const writeOnly = { requests: { [ID]: ['write'] } }
    expect((await send('DELETE', `/${KEY}?uploadId=`, writeOnly)).status).toBe(400)
    expect((await send('POST', `/${KEY}?uploadId=`, writeOnly)).status).toBe(400)
    expect((await send('GET', `/${KEY}`)).text).toBe('one')
    await send('DELETE', `/${KEY}`)
  })

  test('an upload is completed only of the parts that were sent', async () => {
    const { uploadId } = JSON.parse((await send('POST', `/${KEY}?uploads`)).text) as { uploadId: string }
    const part = await send('PUT', `/${KEY}?uploadId=${uploadId}&partNumber=1`, { body: 'part' })
    const etag = part.headers.get('etag')!
    const complete = (parts: object[], size: number) =>
      send('POST', `/${KEY}?uploadId=${uploadId}`, { body: JSON.stringify({ parts, size }) })
    expect((await complete([{ number: 1, etag: '"other"' }], 4)).status).toBe(409)
    expect((await complete([{ number: 1, etag }], 5)).status).toBe(409)
    expect(
      (
        await complete(
          [
            { number: 1, etag },
            { number: 2, etag },
          ],
          8,
        )
      ).status,
    ).toBe(409)
    expect((await complete([{ number: 1, etag }], 4)).status).toBe(200)
    // An object of the same size does not prove that it is this upload's.
    expect((await complete([{ number: 1, etag }], 4)).status).toBe(404)
    expect((await send('DELETE', `/${KEY}`)).status).toBe(204)
  })
})

test('what is served cannot run in the origin of the signer', async () => {
  const key = `requests/${ID}/report/page.html`
  await send('PUT', `/${key}`, { body: '<script>', headers: { 'content-type': 'text/html' } })
  const { headers } = await send('GET', `/${key}`)
  expect(headers.get('content-type')).toBe('application/octet-stream')
  expect(headers.get('content-security-policy')).toContain('sandbox')
  expect(headers.get('content-disposition')).toBe('attachment')
  expect((await send('HEAD', `/${key}`)).headers.get('content-type')).toBe('text/html')
})

test('no cache keeps what is replaced, such as the state of a request', async () => {
  const key = `requests/${ID}/metadata/state.json`
  await send('PUT', `/${key}`, { body: '{}' })
  for (const method of ['GET', 'HEAD']) {
    expect((await send(method, `/${key}`)).headers.get('cache-control')).toBe('no-store')
  }
})

test('decisions on artifacts are in the audit', async () => {
  await send('GET', `/${KEY}`, { requests: { [OTHER]: ['read'] } })
  expect(signer.events).toContainEqual(
    expect.objectContaining({
      type: 'access.denied',
      action: 'read',
      key: KEY,
      storeId: 'requests',
      sub: 'render-farm',
    }),
  )
})
