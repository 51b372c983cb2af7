import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { contentOf, startSigner, type TestSigner, token } from './testing/harness.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

describe('the gateway contract of livestore-filesync', () => {
  let signer: TestSigner
  let ada: string
  beforeAll(async () => {
    signer = await startSigner({ gateway: true })
    ada = await token({ reef: ['read', 'write'] })
  })
  afterAll(() => signer.stop())

  const upload = async (
    bytes: Uint8Array<ArrayBuffer>,
    key?: string,
    headers: Record<string, string> = { authorization: `Bearer ${ada}` },
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
      headers: { ...headers, 'content-type': type },
    })
    return { status: response.status, json: (await response.json()) as any }
  }
  const at = (url: string, method = 'GET', headers: Record<string, string> = { authorization: `Bearer ${ada}` }) =>
    fetch(url, { method, headers })

  test('a form goes up, twice, and comes down; DELETE deletes nothing', async () => {
    const { address, bytes } = await contentOf(5_000, 3)
    for (const key of [`reef/${address}`, undefined]) {
      const { status, json } = await upload(bytes, key)
      expect([status, json]).toEqual([200, { url: `${signer.url}/gateway/files/reef/${address}` }])
    }
    const url = `${signer.url}/gateway/files/reef/${address}`
    const got = await at(url)
    expect([got.headers.get('content-type'), got.headers.get('vary')]).toEqual([
      'image/png',
      expect.stringContaining('Authorization'),
    ])
    expect(Buffer.compare(new Uint8Array(await got.arrayBuffer()), bytes)).toBe(0)
    expect((await at(url, 'DELETE')).status).toBe(204)
    expect((await at(url, 'GET', { 'x-worker-auth': ada })).status).toBe(200)
    expect((await fetch(`${signer.url}/gateway/health`)).status).toBe(200)
    expect(signer.events.filter(({ type }) => type === 'object.created')).toHaveLength(1)
  })

  test('refused: no token, another store, a key that is not the hash, no file, too large', async () => {
    const { address, bytes } = await contentOf(10, 4)
    const { address: other } = await contentOf(10, 5)
    expect((await upload(bytes, `reef/${address}`, {})).status).toBe(401)
    const codes = async (key: string) => (await upload(bytes, key)).json.error.code
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
    const reader = { authorization: `Bearer ${await token({ reef: ['read'] })}` }
    expect((await upload(bytes, `reef/${address}`, reader)).status).toBe(403)
    expect((await at(`${signer.url}/gateway/files/reef/${address}`, 'DELETE', reader)).status).toBe(403)
    expect((await at(`${signer.url}/gateway/files/lagoon/${address}`)).status).toBe(403)
    const two = { authorization: `Bearer ${await token({ reef: ['write'], lagoon: ['write'] })}` }
    expect((await upload(bytes, undefined, two)).status).toBe(400)
    expect(await signer.store.exists(`reef/${address}`)).toBe(false)
  })

  test('forms are held in memory: two of the largest at once, and no more', async () => {
    const broken = Array.from({ length: 2 }, () => Promise.withResolvers<never>())
    const gone = new AbortController()
    const post = (body: ReadableStream, length: number) =>
      signer.fetch(
        new Request(`${signer.url}/gateway/upload`, {
          method: 'POST',
          body,
          signal: gone.signal,
          duplex: 'half',
          headers: {
            authorization: `Bearer ${ada}`,
            'content-length': String(length),
            'content-type': 'multipart/form-data; boundary=x',
          },
        } as RequestInit),
      )
    const read = Array.from({ length: 2 }, () => Promise.withResolvers<void>())
    const held = broken.map(({ promise }, i) => {
      const pull = () => {
        read[i]!.resolve()
        return promise
      }
      return post(new ReadableStream({ pull }, { highWaterMark: 0 }), 64 * 1024 * 1024)
    })
    await Promise.all(read.map(({ promise }) => promise))
    const { bytes } = await contentOf(10, 6)
    const refused = await upload(bytes)
    expect([refused.status, refused.json.error.code]).toEqual([429, 'rate_limited'])
    broken[0]!.reject(new Error('The client is gone.'))
    gone.abort()
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([400, 400])
    expect((await upload(bytes)).status).toBe(200)
  })

  test('is off unless switched on', async () => {
    const off = await startSigner()
    expect((await off.call('GET', '/gateway/health')).status).toBe(404)
    expect((await off.call('POST', '/gateway/upload', 'x')).status).toBe(404)
    await off.stop()
  })
})
