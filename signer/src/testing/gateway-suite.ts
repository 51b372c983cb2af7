/** The gateway contract of livestore-filesync, against a signer on any store. */
import { sha256, toHex } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { bytesOf, contentOf, startOn, startSigner, type TestSigner, token } from './harness.ts'

/** Sends a form. `bearer`: undefined for none. */
export const uploadForm = async (
  signer: TestSigner,
  bearer: string | undefined,
  bytes: Uint8Array<ArrayBuffer>,
  key?: string,
) => {
  const form = new FormData()
  form.set('file', new Blob([bytes], { type: 'image/png' }), 'a.png')
  if (key !== undefined) form.set('key', key)
  // A client with a Content-Length: a form as one piece.
  const encoded = new Response(form)
  const body = await encoded.arrayBuffer()
  const type = encoded.headers.get('content-type')!
  const response = await fetch(`${signer.url}/gateway/upload`, {
    method: 'POST',
    body,
    headers: { 'content-type': type, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
  })
  return { status: response.status, json: (await response.json()) as any }
}

export const gatewaySuite = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let inner: TestSigner
  let signer: TestSigner
  let ada: string
  beforeAll(async () => {
    inner = await start()
    signer = await startOn(inner.store, { gateway: true })
    ada = await token({ reef: ['read', 'write'] })
  })
  afterAll(async () => {
    await signer.stop()
    await inner.stop()
  })

  const at = (url: string, method = 'GET', headers: Record<string, string> = { authorization: `Bearer ${ada}` }) =>
    fetch(url, { method, headers })

  test('a form goes up, twice, and comes down; DELETE deletes nothing', async () => {
    const { address, bytes } = await contentOf(5_000, 3)
    for (const key of [`reef/${address}`, undefined]) {
      const { status, json } = await uploadForm(signer, ada, bytes, key)
      expect([status, json]).toEqual([200, { url: `${signer.url}/gateway/files/reef/${address}` }])
    }
    const url = `${signer.url}/gateway/files/reef/${address}`
    const got = await at(url)
    // Either header says who asks.
    expect([got.headers.get('content-type'), got.headers.get('vary')]).toEqual([
      'image/png',
      expect.stringContaining('Authorization, X-Worker-Auth'),
    ])
    expect(Buffer.compare(new Uint8Array(await got.arrayBuffer()), bytes)).toBe(0)
    expect((await at(url, 'DELETE')).status).toBe(204)
    expect((await at(url, 'GET', { 'x-worker-auth': ada })).status).toBe(200)
    expect((await fetch(`${signer.url}/gateway/health`)).status).toBe(200)
    expect(signer.events.map(({ type }) => type)).toEqual(['object.created', 'object.created'])
  })

  test('refused: no token, another store, a key that is not the hash, no file, too large', async () => {
    const { address, bytes } = await contentOf(10, 4)
    const { address: other } = await contentOf(10, 5)
    expect((await uploadForm(signer, undefined, bytes, `reef/${address}`)).status).toBe(401)
    const codes = async (key: string) => (await uploadForm(signer, ada, bytes, key)).json.error.code
    expect(await codes(`lagoon/${address}`)).toBe('forbidden')
    for (const key of [`reef/${other}`, `reef/files/${address}`, `tmp/${address}`, '', `../${address}`]) {
      expect(await codes(key)).toBe('bad_key')
    }
    const call = (body: BodyInit, headers: Record<string, string> = {}) =>
      fetch(`${signer.url}/gateway/upload`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${ada}`, ...headers },
      })
    expect((await call('x', { 'content-type': 'text/plain' })).status).toBe(400)
    expect((await call(new FormData())).status).toBe(400)
    expect((await call(new Uint8Array(64 * 1024 * 1024 + 1))).status).toBe(413)
    const reader = await token({ reef: ['read'] })
    expect((await uploadForm(signer, reader, bytes, `reef/${address}`)).status).toBe(403)
    expect(
      (await at(`${signer.url}/gateway/files/reef/${address}`, 'DELETE', { authorization: `Bearer ${reader}` })).status,
    ).toBe(403)
    expect((await at(`${signer.url}/gateway/files/lagoon/${address}`)).status).toBe(403)
    const two = await token({ reef: ['write'], lagoon: ['write'] })
    expect((await uploadForm(signer, two, bytes)).status).toBe(400)
    expect(await signer.store.exists(`reef/${address}`)).toBe(false)
  })

  /** A call of the contract of 0.8.0, as its client sends it. */
  const post = async (path: string, body: object, bearer: string | undefined = ada) => {
    const response = await fetch(`${signer.url}/gateway${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(bearer !== '' && { authorization: `Bearer ${bearer}` }) },
    })
    const text = await response.text()
    return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
  }
  const putSigned = (signed: { method: string; url: string; headers: HeadersInit }, body: Uint8Array<ArrayBuffer>) =>
    fetch(signed.url, { method: signed.method, headers: signed.headers, body })

  test('0.8.0: a file above 8 MiB goes up by a signed URL, twice, and comes down; delete keeps it', async () => {
    const bytes = bytesOf(9 * 1024 * 1024, 6)
    const key = `reef/${toHex(await sha256(bytes))}`
    const request = { key: `/${key}`, contentType: 'image/png', contentLength: bytes.length }
    for (const _ of ['the first time', 'again']) {
      const { status, json } = await post('/v1/sign/upload', request)
      expect([status, json.method, Number.isNaN(Date.parse(json.expiresAt))]).toEqual([200, 'PUT', false])
      expect((await putSigned(json, bytes)).status).toBe(200)
    }
    expect(await post('/v1/delete', { key })).toEqual({ status: 204, json: undefined })
    const { json } = await post('/v1/sign/download', { key })
    expect(await sha256(await (await fetch(json.url)).arrayBuffer())).toEqual(await sha256(bytes))
  })

  test('0.8.0: refuses other bytes, keys outside of the stores of the token, and callers without a right', async () => {
    const { address, bytes } = await contentOf(10, 7)
    const key = `reef/${address}`
    const { json } = await post('/v1/sign/upload', { key, contentLength: 10 })
    expect((await putSigned(json, bytesOf(10, 8))).ok).toBe(false)
    expect(await signer.store.exists(key)).toBe(false)
    // Bytes that are not stored have no other way in.
    const stored = await fetch(`${signer.url}/gateway/stored/${key}`, {
      method: 'PUT',
      body: bytes,
      headers: { authorization: `Bearer ${ada}` },
    })
    expect(stored.status).toBe(404)
    const reader = await token({ reef: ['read'] })
    for (const path of ['/v1/sign/upload', '/v1/sign/download', '/v1/delete']) {
      const statusOf = async (named: string, bearer = ada) =>
        (await post(path, { key: named, contentLength: 10 }, bearer)).status
      expect(await statusOf(`lagoon/${address}`)).toBe(403)
      for (const wrong of [`reef/files/${address}`, `tmp/${address}`, `../${address}`, 'reef/a.png', '']) {
        expect(await statusOf(wrong)).toBe(400)
      }
      expect(await statusOf(key, '')).toBe(401)
      expect(await statusOf(key, reader)).toBe(path === '/v1/sign/download' ? 200 : 403)
    }
  })
}
