/** Uploads as a client makes them, against a signer on any store. */
import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { contentOf, get, same, send, startSigner, type TestSigner, token, uploadParts } from './harness.ts'

export const uploadsSuite = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let signer: TestSigner
  beforeAll(async () => {
    signer = await start()
  })
  afterAll(() => signer.stop())

  /** A hybrid store has it durably some time later. */
  const durable = () => (signer.store.mode === 'hybrid' ? expect.any(Boolean) : true)

  describe('a content of one part', () => {
    test.each([1, 5_000, PART_SIZE])('of %d bytes goes up once and comes down', async (size) => {
      const { address, bytes } = await contentOf(size, size + 1)
      const request = { key: `reef/files/${address}`, size, type: 'image/png' }
      const { status, json } = await signer.call('POST', '/upload-url', request)
      expect([status, json.status]).toEqual([200, 'put'])
      expect(json.expiresAt).toBeGreaterThan(Date.now())
      const put = await send(json, bytes)
      expect(put.status).toBe(200)

      const again = await signer.call('POST', '/upload-url', request)
      const etag = put.headers.get('etag')
      expect(again.json).toEqual({ status: 'stored', durable: durable(), etag, receipt: expect.any(String) })
      const { json: down } = await signer.call('GET', `/download-url?key=${request.key}&check=1`)
      expect(down).not.toHaveProperty('partsUrl')
      const got = await get(down.url)
      expect(same(got.bytes, bytes)).toBe(true)
      expect(got.headers.get('content-type')).toBe('image/png')
    })
  })

  test('the empty file is stored by the signer: of a signed PUT without a body, Ceph makes a copy of any object', async () => {
    const { address, size } = await contentOf(0)
    const request = { key: `reef/files/${address}`, size, type: 'image/png' }
    const { json } = await signer.call('POST', '/upload-url', request)
    const receipt = expect.any(String)
    expect(json).toEqual({ status: 'stored', durable: durable(), etag: expect.any(String), receipt })
    expect(signer.events).toContainEqual(expect.objectContaining({ type: 'object.created', key: request.key, size: 0 }))
    expect((await signer.call('POST', '/upload-url', request)).json).toEqual({ ...json, durable: durable(), receipt })
    const { json: down } = await signer.call('GET', `/download-url?key=${request.key}`)
    const got = await get(down.url)
    expect([got.status, got.bytes.length, got.headers.get('content-type')]).toEqual([200, 0, 'image/png'])
    const wrong = { key: `reef/files/${'0'.repeat(64)}`, size: 0, type: 'image/png' }
    expect((await signer.call('POST', '/upload-url', wrong)).json.error.code).toBe('digest_mismatch')
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
      expect(complete).toMatchObject({ status: 200, json: { durable: durable(), etag: expect.any(String) } })
      const again = await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
      const receipt = expect.any(String)
      expect([again.status, again.json]).toEqual([200, { ...complete.json, durable: durable(), receipt }])
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

    test('two uploads of the same bytes: the second complete finds the first one, and replaces nothing', async () => {
      const content = await contentOf(PART_SIZE + 6, 13)
      const { address, size, digests, bytes } = content
      const key = `reef/files/${address}`
      const { json: begun } = await signer.call('POST', '/multipart', { key, size, type: 'application/pdf', digests })
      const { uploadId } = begun
      const { json } = await signer.call('POST', '/multipart/parts', { key, size, uploadId, digests, numbers: [1, 2] })
      for (const [i, part] of json.parts.entries())
        expect((await send(part, bytes.slice(i * PART_SIZE, (i + 1) * PART_SIZE))).status).toBe(200)

      const { complete } = await uploadParts(signer, key, content, 'image/png')
      const stored = await signer.store.head(key)
      const second = await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
      const receipt = expect.any(String)
      expect([second.status, second.json]).toEqual([200, { ...complete.json, durable: durable(), receipt }])
      expect(await signer.store.head(key)).toEqual({ ...stored, durable: durable() })
      expect(stored.type).toBe('image/png')
      expect(await signer.store.multipart.listUploads(key)).toEqual([])
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
}
