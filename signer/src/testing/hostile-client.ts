/** What a hostile client with a valid token tries (issue 4, "signer"), against a signer on any store. */
import { PART_SIZE, partRange } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  bytesOf,
  type Content,
  contentOf,
  ownerOf,
  send,
  startSigner,
  type TestSigner,
  token,
  uploadParts,
} from './harness.ts'

type Signed = { url: string; headers: Record<string, string> }

const isDigest = ([name]: [string, string]) => name.endsWith('sha256')
const digestIn = (headers: Record<string, string>) => Object.fromEntries(Object.entries(headers).filter(isDigest))
const withoutDigest = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter((header) => !isDigest(header)))

export const hostileClient = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let signer: TestSigner
  let seed = 1_000
  const fresh = (size: number) => contentOf(size, seed++)
  const keyOf = (content: Content, prefix = 'reef/files') => `${prefix}/${content.address}`

  beforeAll(async () => {
    signer = await start()
  })
  afterAll(() => signer.stop())

  const signPut = async (content: Content, type = 'image/png'): Promise<Signed> => {
    const { json } = await signer.call('POST', '/upload-url', { key: keyOf(content), size: content.size, type })
    expect(json).toMatchObject({ status: 'put' })
    return json
  }
  const begin = async (content: Content) => {
    const { size, digests } = content
    const key = keyOf(content)
    const { json } = await signer.call('POST', '/multipart', { key, size, type: 'video/mp4', digests })
    return { key, size, digests, uploadId: json.uploadId as string }
  }
  const signPart = async (upload: Awaited<ReturnType<typeof begin>>, number: number): Promise<Signed> => {
    const { json } = await signer.call('POST', '/multipart/parts', { ...upload, numbers: [number] })
    return json.parts[0]
  }
  const part = (content: Content, number: number) => {
    const { start, end } = partRange(content.size, number)
    return content.bytes.slice(start, end)
  }
  /** A header that nobody signed, and that makes a copy of a foreign content where a vendor obeys it. */
  const copyOfTheirs = async (signed: Signed) => {
    const theirs = await fresh(6_000)
    await signer.store.put(`lagoon/files/${theirs.address}`, theirs.bytes, { size: theirs.size })
    const [, bucket] = new URL(signed.url).pathname.split('/')
    return { 'x-amz-copy-source': `${bucket}/lagoon/files/${theirs.address}` }
  }
  const nothingStored = async (key: string) => expect(await signer.store.exists(key)).toBe(false)

  describe('a single PUT', () => {
    test('stores no other bytes of the same length, whatever digest comes with them', async () => {
      const [content, other] = [await fresh(5_000), await fresh(5_000)]
      const [signed, theirs] = [await signPut(content), await signPut(other)]
      for (const headers of [signed.headers, theirs.headers, withoutDigest(signed.headers)]) {
        expect([400, 403]).toContain((await send({ ...signed, headers }, other.bytes)).status)
      }
      await nothingStored(keyOf(content))
    })

    test('stores nothing at all only under the address of nothing', async () => {
      const { address } = await fresh(5_000)
      const key = `reef/files/${address}`
      const { status, json } = await signer.call('POST', '/upload-url', { key, size: 0, type: 'image/png' })
      expect([status, json.error.code]).toEqual([400, 'digest_mismatch'])
      await nothingStored(key)
    })

    test("becomes no copy of another store's content", async () => {
      const content = await fresh(5_000)
      const signed = await signPut(content)
      await send(signed, content.bytes, await copyOfTheirs(signed))
      // Where the header is not refused, it does nothing.
      expect([200, 412]).toContain((await send(signed, content.bytes)).status)
      const { json } = await signer.call('GET', `/download-url?key=${keyOf(content)}`)
      expect(await (await fetch(json.url)).bytes()).toEqual(content.bytes)
    })

    test('spoils nothing by an encoding or a file name that nobody signed', async () => {
      const content = await fresh(5_000)
      const headers = { 'content-encoding': 'gzip', 'content-disposition': 'attachment; filename="a.exe"' }
      expect((await send(await signPut(content), content.bytes, headers)).status).toBe(200)
      const { json } = await signer.call('GET', `/download-url?key=${keyOf(content)}&type=image/png`)
      const got = await fetch(json.url)
      expect(await got.bytes()).toEqual(content.bytes)
      expect(got.headers.get('content-disposition')).toBe('inline')
    })

    test('stores neither more nor less than was declared, with or without a length', async () => {
      const content = await fresh(5_000)
      const signed = await signPut(content)
      for (const bytes of [bytesOf(50_000, 7), content.bytes.slice(0, 100)]) {
        expect([400, 403, 413]).toContain((await send(signed, bytes)).status)
        const chunked = await send(signed, new Blob([bytes]).stream())
        expect([400, 403, 411, 413, 501]).toContain(chunked.status)
      }
      await nothingStored(keyOf(content))
    })

    test('stores no other type', async () => {
      const content = await fresh(5_000)
      const response = await send(await signPut(content), content.bytes, { 'content-type': 'text/html' })
      expect(response.status).toBe(403)
      await nothingStored(keyOf(content))
    })

    test('a declared type that could run is stored as octet-stream', async () => {
      const content = await fresh(5_000)
      expect((await send(await signPut(content, 'text/html'), content.bytes)).status).toBe(200)
      expect((await signer.store.head(keyOf(content))).type).toBe('application/octet-stream')
    })

    test('goes to no other key, method or time, and overwrites nothing', async () => {
      const [content, other] = [await fresh(5_000), await fresh(5_000)]
      const signed = await signPut(content)
      const moved = signed.url.replace(content.address, other.address)
      expect((await send({ ...signed, url: moved }, other.bytes)).status).toBe(403)
      const escaped = signed.url.replace('/reef/', '/reef/x/../../lagoon/')
      expect((await send({ ...signed, url: escaped }, content.bytes)).status).toBe(403)
      const later = signed.url.replace(/(expires|X-Amz-Date)=(\d)/, (_, name, digit) => `${name}=${Number(digit) + 1}`)
      expect(later).not.toBe(signed.url)
      expect((await send({ ...signed, url: later }, content.bytes)).status).toBe(403)
      for (const method of ['GET', 'DELETE'])
        expect((await fetch(signed.url, { method })).status).toBeGreaterThanOrEqual(400)
      await nothingStored(keyOf(other))

      expect((await send(signed, content.bytes)).status).toBe(200)
      expect((await send(signed, content.bytes)).status).toBe(412)
      expect([400, 403, 412]).toContain((await send(signed, bytesOf(5_000, 7))).status)
      const { body } = await signer.store.get(keyOf(content))
      expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(content.bytes)
    })
  })

  describe('an upload in parts', () => {
    test('a part takes no other bytes, length, number or upload', async () => {
      const content = await fresh(PART_SIZE + 1_000)
      const upload = await begin(content)
      const first = await signPart(upload, 1)
      const other = await fresh(PART_SIZE)
      const theirs = { ...first.headers, ...digestIn((await signPut(other)).headers) }
      for (const headers of [first.headers, theirs, withoutDigest(first.headers)]) {
        expect([400, 403]).toContain((await send({ ...first, headers }, other.bytes)).status)
      }
      expect([400, 403]).toContain((await send(first, part(content, 1).slice(1))).status)
      expect([400, 403, 413]).toContain((await send(first, content.bytes)).status)
      const second = await signPart(upload, 2)
      expect(
        (await send({ ...second, url: second.url.replace('partNumber=2', 'partNumber=1') }, part(content, 2))).status,
      ).toBe(403)
      const elsewhere = await begin(await fresh(PART_SIZE + 1_000))
      const swapped = second.url.replace(encodeURIComponent(upload.uploadId), encodeURIComponent(elsewhere.uploadId))
      expect((await send({ ...second, url: swapped }, part(content, 2))).status).toBe(403)
      expect(await signer.store.multipart.listParts(upload.key, upload.uploadId)).toEqual([])
    })

    test("a part becomes no copy of another store's content", async () => {
      const content = await fresh(PART_SIZE + 1_000)
      const upload = await begin(content)
      const second = await signPart(upload, 2)
      const { ok } = await send(second, part(content, 2), await copyOfTheirs(second))
      const parts = await signer.store.multipart.listParts(upload.key, upload.uploadId)
      expect(parts.map(({ number, size }) => [number, size])).toEqual(ok ? [[2, 1_000]] : [])
    })

    test('half of it cannot be completed, and the answer names what lacks', async () => {
      const content = await fresh(2 * PART_SIZE + 1_000)
      const upload = await begin(content)
      expect((await send(await signPart(upload, 2), part(content, 2))).status).toBe(200)
      const { status, json } = await signer.call('POST', '/multipart/complete', upload)
      expect(status).toBe(409)
      expect(json.error).toMatchObject({ code: 'conflict', message: expect.stringContaining('1, 3') })
      await nothingStored(upload.key)
    })

    test('digests that are not those of the address sign nothing, start nothing, complete nothing', async () => {
      const [content, other] = [await fresh(PART_SIZE + 1_000), await fresh(PART_SIZE + 1_000)]
      const upload = await begin(content)
      const forged = { ...upload, digests: other.digests }
      for (const [path, body] of [
        ['/multipart', { ...forged, type: 'video/mp4' }],
        ['/multipart/parts', { ...forged, numbers: [1] }],
        ['/multipart/complete', forged],
      ] as const) {
        const { status, json } = await signer.call('POST', path, body)
        expect([status, json.error.code]).toEqual([400, 'digest_mismatch'])
      }
    })

    test('another split of the same bytes is refused: parts that came past the signer do not complete', async () => {
      const content = await fresh(PART_SIZE + 1_000)
      const upload = await begin(content)
      const { store } = signer
      const put = async (number: number, bytes: Uint8Array<ArrayBuffer>) => {
        const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
        await store.multipart.putPart(upload.key, upload.uploadId, number, bytes, { size: bytes.length, sha256 })
      }
      const cut = PART_SIZE - 1_000
      await put(1, content.bytes.slice(0, cut))
      await put(2, content.bytes.slice(cut))
      const split = await signer.call('POST', '/multipart/complete', upload)
      expect([split.status, split.json.error.message]).toEqual([409, expect.stringContaining('1, 2')])

      await put(1, part(content, 1))
      await put(2, part(content, 2))
      await put(3, bytesOf(10, 3))
      const extra = await signer.call('POST', '/multipart/complete', upload)
      expect([extra.status, extra.json.error.message]).toEqual([409, expect.stringContaining('3')])
      await nothingStored(upload.key)
    })

    test("another key's upload cannot be completed or continued under this one", async () => {
      const [content, other] = [await fresh(PART_SIZE + 1_000), await fresh(PART_SIZE + 1_000)]
      const [upload, foreign] = [await begin(content), await begin(other)]
      for (const number of [1, 2]) await send(await signPart(foreign, number), part(other, number))
      const { status } = await signer.call('POST', '/multipart/complete', { ...upload, uploadId: foreign.uploadId })
      expect([404, 409]).toContain(status)
      const resumed = await signer.call('POST', '/multipart', {
        ...upload,
        uploadId: foreign.uploadId,
        type: 'video/mp4',
      })
      expect(resumed.json.uploaded).toEqual([])
      expect(resumed.json.uploadId).not.toBe(foreign.uploadId)
      await nothingStored(upload.key)
    })

    test('a late part of a completed upload changes nothing', async () => {
      const content = await fresh(PART_SIZE + 1_000)
      const upload = await begin(content)
      const urls = [await signPart(upload, 1), await signPart(upload, 2)]
      for (const [i, signed] of urls.entries()) expect((await send(signed, part(content, i + 1))).status).toBe(200)
      expect((await signer.call('POST', '/multipart/complete', upload)).status).toBe(200)
      expect([400, 403, 404]).toContain((await send(urls[0]!, part(content, 1))).status)
      expect((await signer.store.head(upload.key)).size).toBe(content.size)
    })
  })

  describe('outside its rights', () => {
    const foreign = async () => {
      const [one, two] = [await fresh(100), await fresh(PART_SIZE + 1)]
      const eve = await ownerOf('eve')
      return ['lagoon/files', 'reef1/files', 'ree/files', `reef/private/${eve}`].map((prefix) => ({ prefix, one, two }))
    }

    test('no call does anything, nor tells whether something is there', async () => {
      for (const { prefix, one, two } of await foreign()) {
        const sha256 = new Uint8Array(Buffer.from(one.address, 'hex'))
        await signer.store.put(keyOf(one, prefix), one.bytes, { size: one.size, sha256, ifNoneMatch: '*' })
        const single = { key: keyOf(one, prefix), size: one.size, type: 'image/png' }
        const many = { key: keyOf(two, prefix), size: two.size, digests: two.digests, type: 'image/png', uploadId: 'u' }
        const calls: [string, string, unknown?][] = [
          ['POST', '/upload-url', single],
          ['POST', '/multipart', many],
          ['POST', '/multipart/parts', { ...many, numbers: [1] }],
          ['POST', '/multipart/complete', many],
          ['POST', '/multipart/abort', many],
          ['GET', `/download-url?key=${single.key}&check=1`],
          ['GET', `/download-url?key=${many.key}&check=1`],
          ['DELETE', `/objects?key=${single.key}`],
          ['DELETE', `/objects/${single.key}`],
          ['GET', `/objects/${single.key}`],
          ['GET', `/objects/${many.key}.parts`],
          ['GET', `/public/${single.key}`],
        ]
        for (const [method, path, body] of calls) {
          const { status, json, text } = await signer.call(method, path, body)
          expect([path, status, json.error.code]).toEqual([path, 403, 'forbidden'])
          expect(text).not.toMatch(/stored|lagoon|reef1|etag/)
        }
        const batch = await signer.call('POST', '/upload-urls', { items: [single] })
        expect(batch.json.items).toEqual([{ error: expect.objectContaining({ code: 'forbidden' }) }])
        await signer.store.delete(single.key)
      }
    })

    test('a reader writes and deletes nothing, and learns of no upload', async () => {
      const reader = await token({ reef: ['read'] })
      const content = await fresh(100)
      const stored = await fresh(100)
      await send(await signPut(stored), stored.bytes)
      for (const each of [content, stored]) {
        const put = await signer.call('POST', '/upload-url', { key: keyOf(each), size: 100, type: 'image/png' }, reader)
        expect([put.status, put.json.error.code]).toEqual([403, 'forbidden'])
      }
      expect((await signer.call('DELETE', `/objects?key=${keyOf(stored)}`, undefined, reader)).status).toBe(403)
      expect((await signer.call('GET', `/download-url?key=${keyOf(stored)}`, undefined, reader)).status).toBe(200)
      expect(await signer.store.exists(keyOf(stored))).toBe(true)
    })

    test('a writer without the right to delete deletes nothing', async () => {
      const writer = await token({ reef: ['read', 'write'] })
      const content = await fresh(PART_SIZE + 1)
      await uploadParts(signer, keyOf(content), content)
      for (const path of [`/objects?key=${keyOf(content)}`, `/objects/${keyOf(content)}`]) {
        expect((await signer.call('DELETE', path, undefined, writer)).status).toBe(403)
      }
      expect(await signer.store.exists(keyOf(content))).toBe(true)
      expect((await signer.call('DELETE', `/objects?key=${keyOf(content)}`)).status).toBe(204)
      await nothingStored(keyOf(content))
      await nothingStored(`${keyOf(content)}.parts`)
    })

    test('a token claims no service role where there is none', async () => {
      const service = await token({}, 'eve', { role: 'service' })
      const content = await fresh(100)
      const { status } = await signer.call(
        'POST',
        '/upload-url',
        { key: keyOf(content), size: 100, type: 'image/png' },
        service,
      )
      expect(status).toBe(403)
    })
  })
}
