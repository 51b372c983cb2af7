import {
  addressOfKey,
  BATCH_LIMIT,
  type Buckets,
  buildRemoteKey,
  type ContentDigest,
  hashContent,
  parseReceipt,
  PART_SIZE,
  partRange,
  type RemoteKey,
  type SignedRequest,
  type Stored,
  type StoreId,
  toBase64,
  type UploadUrl,
} from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import type { Signer } from '../ports/signer.ts'
import { holds, sampleBytes } from './sample-bytes.ts'

/** The buckets that the signer under test has. */
export const SIGNER_SUITE_BUCKETS: Buckets = {
  files: { access: 'store' },
  images: { access: 'store', types: ['image/*'], maxSize: 1_000 },
  mine: { access: 'owner' },
}

export interface SignerFixture extends AsyncDisposable {
  readonly signer: Signer
  /** where the caller may read, write and delete; in other stores nothing. Its buckets: {@link SIGNER_SUITE_BUCKETS} */
  readonly storeId: StoreId
  /** reaches the signed URLs */
  readonly fetch: typeof fetch
  /** The signer cannot be reached from now on. */
  disconnect(): Promise<void>
}

/** What every Signer must do, with the object store behind it. `make` gives one with receipts that stores nothing yet. */
export const signerSuite = (name: string, make: () => Promise<SignerFixture>): void => {
  describe(`Signer: ${name}`, () => {
    describe('a content of one part', () => {
      test.each([1, 100_000])('%i bytes go up and come down as they were', async (size) => {
        await using fixture = await make()
        const { signer } = fixture
        const { key, bytes } = await content(fixture, size)
        const answer = await signer.uploadUrl({ key, size, type: 'image/png' })
        expect((await put(fixture, url(answer), bytes)).status).toBe(200)
        const { status, durable } = { durable: false, ...(await signer.uploadUrl({ key, size, type: 'image/png' })) }
        expect({ status, durable }).toEqual({ status: 'stored', durable: true })
        const download = await signer.downloadUrl({ key })
        expect(download.partsUrl).toBeUndefined()
        expect(download.expiresAt).toBeGreaterThan(Date.now())
        const response = await fixture.fetch(download.url)
        expect(response.headers.get('content-length')).toBe(String(size))
        expect(await holds(await response.blob(), bytes)).toBe(true)
      })

      test('the empty file goes up, or is stored when it is asked for, and comes down', async () => {
        await using fixture = await make()
        const { key, size, bytes } = await content(fixture, 0)
        const answer = await fixture.signer.uploadUrl({ key, size, type: 'image/png' })
        if ('url' in answer) expect((await put(fixture, answer, bytes)).status).toBe(200)
        expect(await fixture.signer.uploadUrl({ key, size, type: 'image/png' })).toMatchObject({ status: 'stored' })
        const response = await fixture.fetch((await fixture.signer.downloadUrl({ key })).url)
        expect(response.status).toBe(200)
        expect((await response.blob()).size).toBe(0)
      })

      test.each([
        { wrong: 'other bytes', body: sampleBytes(100, 2), headers: {} },
        { wrong: 'fewer bytes', body: sampleBytes(99), headers: {} },
        { wrong: 'more bytes', body: sampleBytes(101), headers: {} },
        { wrong: 'no bytes', body: sampleBytes(0), headers: {} },
        { wrong: 'another type', body: sampleBytes(100), headers: { 'content-type': 'text/html' } },
      ])('the URL refuses $wrong, and nothing is stored', async ({ body, headers }) => {
        await using fixture = await make()
        const { key, size } = await content(fixture, 100)
        const signed = url(await fixture.signer.uploadUrl({ key, size, type: 'image/png' }))
        const response = await put(fixture, { ...signed, headers: { ...signed.headers, ...headers } }, body)
        expect(response.status).toBeGreaterThanOrEqual(400)
        expect(response.status).toBeLessThan(500)
        await expect(fixture.signer.downloadUrl({ key, check: true })).rejects.toMatchObject({ code: 'not_found' })
      })

      test('a second write of it is refused with 412', async () => {
        await using fixture = await make()
        const { key, size, bytes } = await content(fixture, 100)
        const [first, second] = [
          url(await fixture.signer.uploadUrl({ key, size, type: 'image/png' })),
          url(await fixture.signer.uploadUrl({ key, size, type: 'image/png' })),
        ]
        expect((await put(fixture, first, bytes)).status).toBe(200)
        expect((await put(fixture, second, bytes)).status).toBe(412)
      })

      test('a signed URL serves no other key and no other method', async () => {
        await using fixture = await make()
        const { key, size, bytes } = await content(fixture, 100)
        const other = await content(fixture, 100, 2)
        const signed = url(await fixture.signer.uploadUrl({ key, size, type: 'image/png' }))
        const moved = { ...signed, url: signed.url.replace(addressOfKey(key), addressOfKey(other.key)) }
        expect(moved.url).not.toBe(signed.url)
        expect((await put(fixture, moved, other.bytes)).status).toBe(403)
        expect((await fixture.fetch(signed.url)).status).toBe(403)
        const download = await fixture.signer.downloadUrl({ key })
        expect((await put(fixture, { ...signed, url: download.url }, bytes)).status).toBe(403)
        expect((await fixture.fetch(download.url, { method: 'DELETE' })).status).toBe(403)
      })
    })

    describe('a content of several parts', () => {
      test('goes up in parts and comes down as it was, with its digest list', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        const { key, size, digests, bytes, started } = upload
        expect(started).toMatchObject({ partSize: PART_SIZE, uploaded: [] })
        for (const number of [2, 1]) expect((await sendPart(fixture, upload, number)).status).toBe(200)
        expect(await complete(fixture, upload)).toMatchObject({ durable: true, etag: expect.any(String) })
        const again = await fixture.signer.startMultipart({ key, size, type: 'video/mp4', digests: toBase64(digests) })
        expect(again).toMatchObject({ status: 'stored', durable: true })

        const download = await fixture.signer.downloadUrl({ key })
        expect(await holds(await (await fixture.fetch(download.url)).blob(), bytes)).toBe(true)
        expect(await holds(await (await fixture.fetch(download.partsUrl!)).blob(), digests)).toBe(true)
      })

      test('can be resumed by its uploadId: what has arrived is told', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        const { request, uploadId } = upload
        await sendPart(fixture, upload, 2)
        const resumed = await fixture.signer.startMultipart({ ...request, uploadId })
        expect(resumed).toEqual({ uploadId, partSize: PART_SIZE, uploaded: [2] })
        const unknown = await fixture.signer.startMultipart({ ...request, uploadId: 'unknown' })
        expect(unknown).toMatchObject({ uploaded: [] })
        expect((unknown as { uploadId: string }).uploadId).not.toBe('unknown')
      })

      test('is not completed while a part is missing: conflict that names it, and nothing is stored', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        await sendPart(fixture, upload, 1)
        const early = complete(fixture, upload)
        await expect(early).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('2') })
        await expect(fixture.signer.downloadUrl({ key: upload.key, check: true })).rejects.toMatchObject({
          code: 'not_found',
        })
        await sendPart(fixture, upload, 2)
        expect(await complete(fixture, upload)).toMatchObject({ durable: true })
      })

      test('completed before is still completed', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        for (const number of [1, 2]) await sendPart(fixture, upload, number)
        await complete(fixture, upload)
        expect(await complete(fixture, upload)).toMatchObject({ durable: true })
      })

      test.each([
        { wrong: 'other bytes', part: sampleBytes(5, 9) },
        { wrong: 'fewer bytes', part: sampleBytes(4) },
        { wrong: 'more bytes', part: sampleBytes(6) },
      ])('the URL of a part refuses $wrong', async ({ part }) => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        const response = await sendPart(fixture, upload, 2, part)
        expect(response.status).toBeGreaterThanOrEqual(400)
        expect(response.status).toBeLessThan(500)
        const resumed = await fixture.signer.startMultipart({ ...upload.request, uploadId: upload.uploadId })
        expect(resumed).toMatchObject({ uploaded: [] })
      })

      test('digests that do not hash to the address are refused, at the start and at the end: digest_mismatch', async () => {
        await using fixture = await make()
        const { request, uploadId, key, size } = await startUpload(fixture)
        const digests = toBase64(sampleBytes(64))
        const mismatch = { code: 'digest_mismatch' }
        await expect(fixture.signer.startMultipart({ ...request, digests })).rejects.toMatchObject(mismatch)
        await expect(fixture.signer.completeMultipart({ key, size, uploadId, digests })).rejects.toMatchObject(mismatch)
      })

      test('is gone after abort, which can be repeated', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        const { key, uploadId, request } = upload
        await sendPart(fixture, upload, 1)
        await fixture.signer.abortMultipart({ key, uploadId })
        await fixture.signer.abortMultipart({ key, uploadId })
        await expect(complete(fixture, upload)).rejects.toMatchObject({ code: 'not_found' })
        const restarted = await fixture.signer.startMultipart({ ...request, uploadId })
        expect(restarted).toMatchObject({ uploaded: [] })
        expect((restarted as { uploadId: string }).uploadId).not.toBe(uploadId)
      })
    })

    describe('a receipt', () => {
      const expectReceipt = (answer: { readonly receipt?: string }, size: number) =>
        expect(parseReceipt(answer.receipt ?? '')).toMatchObject({ size })

      test('of one part: not before the PUT, which is to be confirmed; then in each answer that says stored', async () => {
        await using fixture = await make()
        const { signer } = fixture
        const { key, size, bytes } = await content(fixture, 100)
        const request = { key, size, type: 'image/png' }
        const answer = await signer.uploadUrl(request)
        expect(answer).toMatchObject({ status: 'put', confirm: true })
        expect(answer).not.toHaveProperty('receipt')
        await put(fixture, url(answer), bytes)
        for (const sent of [true, false]) expectReceipt((await signer.uploadUrl({ ...request, sent })) as Stored, size)
        expectReceipt(await signer.downloadUrl({ key, check: true }), size)
        expect(await signer.downloadUrl({ key })).not.toHaveProperty('receipt')
      })

      test('of several parts: in the answer that completes them, and in those that find them complete', async () => {
        await using fixture = await make()
        const upload = await startUpload(fixture)
        const { size, request } = upload
        expect(upload.started).not.toHaveProperty('receipt')
        for (const number of [1, 2]) await sendPart(fixture, upload, number)
        for (let time = 0; time < 2; time++) expectReceipt(await complete(fixture, upload), size)
        expectReceipt((await fixture.signer.startMultipart(request)) as Stored, size)
      })
    })

    describe('uploadUrls', () => {
      const type = 'image/png'

      test('answers for each item in order: with a receipt what is stored, with a URL what is not', async () => {
        await using fixture = await make()
        const { signer } = fixture
        const [stored, missing] = [await content(fixture, 100), await content(fixture, 100, 2)]
        await put(fixture, url(await signer.uploadUrl({ key: stored.key, size: 100, type })), stored.bytes)
        const items = [missing, stored, missing].map(({ key }) => ({ key, size: 100, type, sent: true }))
        const answers = (await signer.uploadUrls({ items })).items as UploadUrl[]
        expect(answers.map(({ status }) => status)).toEqual(['put', 'stored', 'put'])
        expect(parseReceipt((answers[1] as Stored).receipt ?? '')).toMatchObject({ size: 100 })
        expect((await put(fixture, url(answers[0]!), missing.bytes)).status).toBe(200)
      })

      test('an item that is refused fails alone', async () => {
        await using fixture = await make()
        const [right, elsewhere] = [await content(fixture, 10), await content(fixture, 10, 1, { storeId: 'elsewhere' })]
        const answers = await fixture.signer.uploadUrls({
          items: [
            { key: elsewhere.key, size: 10, type },
            { key: right.key, size: 10, type },
            { key: 'x' as RemoteKey, size: 10, type },
          ],
        })
        expect(answers.items).toMatchObject([
          { error: { code: 'forbidden', message: expect.any(String) } },
          { status: 'put' },
          { error: { code: 'bad_key', message: expect.any(String) } },
        ])
      })

      test('takes 100 items, and no more', async () => {
        await using fixture = await make()
        const { key, size } = await content(fixture, 10)
        const items = (count: number) => ({ items: Array.from({ length: count }, () => ({ key, size, type })) })
        expect((await fixture.signer.uploadUrls(items(BATCH_LIMIT))).items).toHaveLength(BATCH_LIMIT)
        await expect(fixture.signer.uploadUrls(items(BATCH_LIMIT + 1))).rejects.toMatchObject({ code: 'bad_request' })
      })
    })

    describe('downloadUrl', () => {
      test('of a content that is not stored: its URL answers 404, and with check it is not_found at once', async () => {
        await using fixture = await make()
        const { key } = await content(fixture, 10)
        expect((await fixture.fetch((await fixture.signer.downloadUrl({ key })).url)).status).toBe(404)
        await expect(fixture.signer.downloadUrl({ key, check: true })).rejects.toMatchObject({ code: 'not_found' })
      })

      test('answers to ranges', async () => {
        await using fixture = await make()
        const { key, bytes, size } = await content(fixture, 1_000)
        await put(fixture, url(await fixture.signer.uploadUrl({ key, size, type: 'image/png' })), bytes)
        const { url: download } = await fixture.signer.downloadUrl({ key })
        for (const [range, start, end] of [
          ['bytes=100-199', 100, 200],
          ['bytes=990-', 990, 1_000],
        ] as const) {
          const response = await fixture.fetch(download, { headers: { range } })
          expect(response.status).toBe(206)
          expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/1000`)
          expect(await holds(await response.blob(), bytes.slice(start, end))).toBe(true)
        }
      })

      test('the type that the record gives is answered if it is passive, else as an attachment', async () => {
        await using fixture = await make()
        const { key, bytes, size } = await content(fixture, 10)
        await put(fixture, url(await fixture.signer.uploadUrl({ key, size, type: 'text/html' })), bytes)
        const head = async (request: { readonly type?: string; readonly name?: string }) => {
          const response = await fixture.fetch((await fixture.signer.downloadUrl({ key, ...request })).url)
          await response.body?.cancel()
          return [response.headers.get('content-type'), response.headers.get('content-disposition') ?? '']
        }
        expect((await head({}))[0]).toBe('application/octet-stream')
        expect((await head({ type: 'image/png' }))[0]).toBe('image/png')
        const [type, disposition] = await head({ type: 'text/html', name: 'Bögen.html' })
        expect(type).toBe('application/octet-stream')
        expect(disposition).toMatch(/^attachment;.*filename\*=UTF-8''B%C3%B6gen\.html/)
      })
    })

    describe('refuses', () => {
      const png = 'image/png'

      test.each([
        ['another store', 'forbidden', { storeId: 'elsewhere' }],
        ['a bucket that is not configured', 'bad_key', { bucket: 'nowhere' }],
        ['a key without owner in an owner bucket', 'bad_key', { bucket: 'mine' }],
      ])('%s: %s', async (_, code, parts) => {
        await using fixture = await make()
        const { key, size } = await content(fixture, 10, 1, parts)
        await expect(fixture.signer.uploadUrl({ key, size, type: png })).rejects.toMatchObject({ code })
        await expect(fixture.signer.downloadUrl({ key })).rejects.toMatchObject({ code })
      })

      test.each(['', 'x', '../etc/passwd', 'store/files/abc', `gc/files/${'a'.repeat(64)}`])(
        'the key %j: bad_key',
        async (text) => {
          await using fixture = await make()
          const key = text as RemoteKey
          await expect(fixture.signer.downloadUrl({ key })).rejects.toMatchObject({ code: 'bad_key' })
          await expect(fixture.signer.uploadUrl({ key, size: 1, type: png })).rejects.toMatchObject({ code: 'bad_key' })
        },
      )

      test('a size that does not fit the address: bad_request', async () => {
        await using fixture = await make()
        const { key } = await content(fixture, 10)
        for (const size of [-1, 1.5, PART_SIZE + 1]) {
          await expect(fixture.signer.uploadUrl({ key, size, type: png })).rejects.toMatchObject({
            code: 'bad_request',
          })
        }
      })

      test('what the bucket does not take: type_not_allowed, too_large', async () => {
        await using fixture = await make()
        const small = await content(fixture, 1_000, 1, { bucket: 'images' })
        const large = await content(fixture, 1_001, 1, { bucket: 'images' })
        const ask = ({ key, size }: { key: RemoteKey; size: number }, type: string) =>
          fixture.signer.uploadUrl({ key, size, type })
        expect(await ask(small, png)).toMatchObject({ status: 'put' })
        await expect(ask(small, 'text/plain')).rejects.toMatchObject({ code: 'type_not_allowed' })
        await expect(ask(large, png)).rejects.toMatchObject({ code: 'too_large' })
      })
    })

    describe('a call', () => {
      const calls = async (fixture: SignerFixture): Promise<((signal?: AbortSignal) => Promise<unknown>)[]> => {
        const { signer } = fixture
        const one = await content(fixture, 10)
        const { request, key, size, uploadId } = await startUpload(fixture)
        const { digests } = request
        return [
          (signal) => signer.downloadUrl({ key }, signal),
          (signal) => signer.uploadUrl({ key: one.key, size: 10, type: 'image/png' }, signal),
          (signal) => signer.uploadUrls({ items: [{ key: one.key, size: 10, type: 'image/png' }] }, signal),
          (signal) => signer.startMultipart(request, signal),
          (signal) => signer.signParts({ key, size, uploadId, digests, numbers: [1] }, signal),
          (signal) => signer.completeMultipart({ key, size, uploadId, digests }, signal),
          (signal) => signer.abortMultipart({ key, uploadId }, signal),
        ]
      }

      test('with a signal that is aborted: aborted', async () => {
        await using fixture = await make()
        for (const call of await calls(fixture)) {
          const error = { name: 'RockpoolError', code: 'aborted' }
          await expect(call(AbortSignal.abort())).rejects.toMatchObject(error)
        }
      })

      test('to a signer that cannot be reached: offline', async () => {
        await using fixture = await make()
        const all = await calls(fixture)
        await fixture.disconnect()
        for (const call of all) {
          await expect(call()).rejects.toMatchObject({ name: 'RockpoolError', code: 'offline' })
        }
      })
    })
  })
}

interface Content extends ContentDigest {
  readonly key: RemoteKey
  readonly bytes: Uint8Array<ArrayBuffer>
}

const content = async (
  { storeId }: Pick<SignerFixture, 'storeId'>,
  size: number,
  seed = 1,
  parts: { readonly storeId?: StoreId; readonly bucket?: string } = {},
): Promise<Content> => {
  const bytes = sampleBytes(size, seed)
  const digest = await hashContent([bytes])
  return { ...digest, bytes, key: buildRemoteKey({ storeId, bucket: 'files', address: digest.address, ...parts }) }
}

/** The signed request of an answer that has one. */
const url = (answer: UploadUrl): SignedRequest => {
  if (answer.status !== 'put') throw new Error('The content is stored already.')
  return { url: answer.url, headers: answer.headers }
}

const put = (fixture: SignerFixture, signed: SignedRequest, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  fixture.fetch(signed.url, { method: 'PUT', headers: { ...signed.headers }, body: new Blob([body]) })

const startUpload = async (fixture: SignerFixture) => {
  const made = await content(fixture, PART_SIZE + 5)
  const { key, size } = made
  const request = { key, size, type: 'video/mp4', digests: toBase64(made.digests) }
  const started = await fixture.signer.startMultipart(request)
  if (!('uploadId' in started)) throw new Error('The content is stored already.')
  return { ...made, request, started, uploadId: started.uploadId }
}

type StartedUpload = Awaited<ReturnType<typeof startUpload>>

const sendPart = async (
  fixture: SignerFixture,
  upload: StartedUpload,
  number: number,
  body?: Uint8Array<ArrayBuffer>,
) => {
  const { key, size, uploadId, request, bytes } = upload
  const { parts } = await fixture.signer.signParts({ key, size, uploadId, digests: request.digests, numbers: [number] })
  expect(parts.map((part) => part.number)).toEqual([number])
  const { start, end } = partRange(size, number)
  return put(fixture, parts[0]!, body ?? bytes.slice(start, end))
}

const complete = (fixture: SignerFixture, { key, size, uploadId, request }: StartedUpload) =>
  fixture.signer.completeMultipart({ key, size, uploadId, digests: request.digests })
