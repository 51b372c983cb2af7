import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sha256 } from '@rockpool/protocol'
import { serveObject } from './serve-object.ts'
import { openLocalStore } from './local/index.ts'
import type { GetGrant, PutGrant } from './signed-url.ts'
import { someBytes, streamOf } from './testing/bytes.ts'

const folder = await mkdtemp(join(tmpdir(), 'rockpool-answer-'))
const store = await openLocalStore({ directory: folder, publicBaseUrl: 'http://x', secret: 'x'.repeat(32) })
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})
await store.put('page', someBytes(100), { size: 100, type: 'text/html' })
await store.put('image', someBytes(100), { size: 100, type: 'image/png' })

const get = async (
  key: string,
  headers: Record<string, string> = {},
  grant: Partial<GetGrant> = {},
  method: 'GET' | 'HEAD' = 'GET',
) => {
  const request = new Request(`http://x/objects/${key}`, { method, headers })
  const response = await serveObject(store, request, { method: 'GET', key, ...grant })
  return { status: response.status, headers: response.headers, bytes: await response.bytes() }
}

test.for([
  ['image', {}, 'image/png', null, "default-src 'none'"],
  ['page', {}, 'application/octet-stream', 'attachment', 'sandbox'],
  ['image', { responseType: 'image/svg+xml' }, 'application/octet-stream', 'attachment', 'sandbox'],
  ['image', { responseType: 'text/plain' }, 'text/plain;charset=utf-8', null, 'sandbox'],
  ['image', { responseType: 'application/pdf' }, 'application/pdf', null, "frame-ancestors 'self'"],
  [
    'image',
    { responseDisposition: 'attachment; filename="a.png"' },
    'image/png',
    'attachment; filename="a.png"',
    "default-src 'none'",
  ],
] as const)('%s as %j is %s, %s', async ([key, grant, type, disposition, policy]) => {
  for (const method of ['GET', 'HEAD'] as const) {
    const { status, headers } = await get(key, {}, grant, method)
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([200, type, disposition])
    expect(headers.get('content-security-policy')).toContain(policy)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-length')).toBe('100')
    expect(headers.get('accept-ranges')).toBe('bytes')
  }
})

test('If-None-Match: any of a list, weak ones too', async () => {
  const etag = (await get('image')).headers.get('etag')!
  for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const response = await get('image', { 'if-none-match': match })
    expect([response.status, response.bytes.length]).toEqual([304, 0])
  }
  expect((await get('image', { 'if-none-match': '"x"' })).status).toBe(200)
})

test('conditions: dates count where no ETag does, and If-Range lets no range of other bytes through', async () => {
  const key = `reef/files/${'ab'.repeat(32)}`
  for (const each of [key, 'state.json']) {
    await store.put(each, someBytes(100), { size: 100, type: 'image/png' })
    const modified = (await get(each)).headers.get('last-modified')!
    expect((await get(each, { 'if-modified-since': modified })).status).toBe(304)
    expect((await get(each, { 'if-modified-since': modified, 'if-none-match': '"x"' })).status).toBe(200)
    const range = async (condition: string) =>
      (await get(each, { range: 'bytes=0-9', 'if-range': condition })).bytes.length
    const { headers } = await get(each)
    expect(await range(headers.get('etag')!)).toBe(10)
    expect(await range('"x"')).toBe(100)
    // A key that can get other bytes within one second has no date that proves anything.
    expect(await range(modified)).toBe(each === key ? 10 : 100)
  }
})

test('ranges: one is answered, several are ignored, none of it there is 416', async () => {
  const one = await get('image', { range: 'bytes=10-19' })
  expect([one.status, one.headers.get('content-range'), one.bytes.length]).toEqual([206, 'bytes 10-19/100', 10])
  expect((await get('image', { range: 'bytes=0-1,5-6' })).status).toBe(200)
  const none = await get('image', { range: 'bytes=100-' })
  expect([none.status, none.headers.get('content-range')]).toEqual([416, 'bytes */100'])
})

const put = async (headers: Record<string, string>, grant: Partial<PutGrant> = {}, body = someBytes(50)) => {
  const granted: PutGrant = {
    method: 'PUT',
    key: 'new',
    size: 50,
    type: 'image/png',
    sha256: await sha256(someBytes(50)),
    ...grant,
  }
  let cancelled = false
  const stream = streamOf(body, { chunk: 10, end: 'hang', onCancel: () => (cancelled = true) })
  const request = new Request('http://x/objects/new', {
    method: 'PUT',
    headers,
    body: stream,
    duplex: 'half',
  } as RequestInit)
  const response = await serveObject(store, request, granted)
  return { response, error: (await response.json()).error as { code: string; message: string }, cancelled }
}

const RIGHT = { 'content-type': 'image/png', 'if-none-match': '*' }

test.for([
  [{ ...RIGHT, 'content-length': '51' }, {}, 413, 'too_large'],
  [{ ...RIGHT, 'content-length': '49' }, {}, 400, 'bad_request'],
  [{ ...RIGHT, 'content-length': 'x' }, {}, 400, 'bad_request'],
  [{ ...RIGHT, 'content-type': 'text/html' }, {}, 403, 'forbidden'],
  [{ 'content-type': 'image/png' }, {}, 403, 'forbidden'],
  [RIGHT, { key: 'image' }, 412, 'conflict'],
  [RIGHT, { key: '../image' }, 400, 'bad_key'],
  [RIGHT, { size: 49 }, 413, 'too_large'],
] as const)('a put with %j of %j is %i %s, and its body is given up', async ([headers, grant, status, code]) => {
  const { response, error, cancelled } = await put(headers, grant)
  expect([response.status, error.code]).toEqual([status, code])
  expect(error.message).not.toContain(folder)
  expect(cancelled).toBe(true)
  expect(await store.exists('new')).toBe(false)
})

test('a store that is down is 503 with Retry-After, and says nothing of itself', async () => {
  const closed = await openLocalStore({
    directory: join(folder, 'closed'),
    publicBaseUrl: 'http://x',
    secret: 'x'.repeat(32),
  })
  await closed.close()
  const response = await serveObject(closed, new Request('http://x'), { method: 'GET', key: 'a' })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await response.text()).not.toContain('folder')
})
