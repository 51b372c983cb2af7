/** Downloads, and the data plane with a token, against a signer on any store. */
import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bytesOf, contentOf, get, same, send, startSigner, type TestSigner, token, uploadParts } from './harness.ts'

export const downloadsSuite = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let signer: TestSigner
  beforeAll(async () => {
    signer = await start()
  })
  afterAll(() => signer.stop())

  /** S3 itself answers its URLs: with less in the headers, and GET alone. */
  const byS3 = () => signer.store.mode === 's3'

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
      ['&type=image/png', 'image/png', 'inline'],
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
      // Text from servers of ours is UTF-8; a signed URL of S3 gives the type as it was asked for.
      const sent = type === 'text/plain' && !byS3() ? 'text/plain;charset=utf-8' : type
      expect(headers.get('content-type')).toBe(sent)
      expect(headers.get('content-disposition')).toBe(disposition)
      if (byS3()) return
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
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
      expect(beyond.status).toBe(416)
      // In the rest vendors differ.
      if (byS3()) return
      expect(beyond.headers.get('content-range')).toBe('bytes */1000')
      expect((await get(url, { range: 'bytes=2-1' })).status).toBe(200)
    })

    test('HEAD has the headers and no body: by a URL of the signer, and with a token', async () => {
      const head = async (url: string, headers = {}) => {
        const response = await fetch(url, { method: 'HEAD', headers })
        return [response.status, response.headers.get('content-length'), await response.text()]
      }
      const { url } = (await ask('')).json
      const authorization = `Bearer ${await token({ reef: ['read'] })}`
      expect(await head(`${signer.url}/objects/${key}`, { authorization })).toEqual([200, '1000', ''])
      if (byS3()) expect((await fetch(url, { method: 'HEAD' })).status).toBe(403)
      else expect(await head(url)).toEqual([200, '1000', ''])
    })

    test('a URL ends when it says, and not before', async () => {
      const { json } = await ask('&expiresIn=1')
      expect(json.expiresAt - Date.now()).toBeLessThanOrEqual(1_000)
      await expect.poll(async () => (await get(json.url)).status).toBe(403)
      expect(Date.now()).toBeGreaterThanOrEqual(json.expiresAt)
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

    test('check of several parts asks for the digest list, too: who is told that all is there may drop his copy', async () => {
      const content = await contentOf(PART_SIZE + 7, 34)
      const key = `reef/files/${content.address}`
      await uploadParts(signer, key, content)
      const check = async () => (await signer.call('GET', `/download-url?key=${key}&check=1`)).status
      expect(await check()).toBe(200)
      for (const lost of [`${key}.parts`, key]) {
        await signer.store.delete(lost)
        expect(await check()).toBe(404)
      }
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
}
