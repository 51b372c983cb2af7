import { buildRemoteKey, hashContent, PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { memorySigner } from '../../memory/index.ts'
import { type Send, sendByFetch } from './http.ts'
import { PARALLEL_PARTS } from './send-parts.ts'
import { type Upload, upload, type UploadOptions } from './upload.ts'

const contentOf = async (size: number) => {
  const blob = new Blob([new Uint8Array(size)])
  const { address, digests } = await hashContent(blob.stream())
  const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
  return { remoteKey, type: 'text/plain', blob, size, digests }
}

/** Uploads through `send`, which is given the real one. */
const uploading = async (
  size: number,
  wrap: (send: Send) => Send = (send) => send,
  options: Parameters<typeof memorySigner>[0] = {},
) => {
  const storage = memorySigner(options)
  const content = await contentOf(size)
  const ports = { signer: storage.signer, send: wrap(sendByFetch(storage.fetch)) }
  const go = (options: Partial<UploadOptions> = {}, begun: Pick<Upload, 'uploadId' | 'sent'> = {}) =>
    upload(ports, { ...content, ...begun }, { signal: new AbortController().signal, ...options })
  return { storage, content, go }
}

/** Answers the first `refusals` requests with a status. */
const refusing =
  (status: number, refusals: number) =>
  (send: Send): Send => {
    let asked = 0
    return (...args) => (asked++ < refusals ? Promise.resolve({ status, etag: null }) : send(...args))
  }

test.each([
  ['one part', 5],
  ['parts', PART_SIZE + 5],
])('%s: a URL that has expired on the way is signed again, once', async (_, size) => {
  const once = await uploading(size, refusing(403, 1))
  await once.go()
  expect(once.storage.objects.has(once.content.remoteKey)).toBe(true)
  const always = await uploading(size, refusing(403, Infinity))
  await expect(always.go()).rejects.toMatchObject({ code: 'forbidden' })
})

test.each([
  ['one part', 5],
  ['parts', PART_SIZE + 5],
])('%s: the wait that the object store asks for comes with the error', async (_, size) => {
  const { go } = await uploading(size, () => async () => ({ status: 503, etag: null, retryAfterMs: 7_000 }))
  await expect(go()).rejects.toMatchObject({ code: 'storage_unavailable', retryAfterMs: 7_000 })
})

test('a PUT by fetch reads Retry-After', async () => {
  const busy: typeof fetch = async () => new Response(null, { status: 503, headers: { 'retry-after': '7' } })
  const signal = new AbortController().signal
  const response = await sendByFetch(busy)('https://objects.example', {}, new Blob([]), { signal, onProgress() {} })
  expect(response).toMatchObject({ status: 503, retryAfterMs: 7_000 })
})

test('counts content that another device stored as stored', async () => {
  const { storage, content, go } = await uploading(5, (send) => async (...args) => {
    await send(...args)
    return send(...args)
  })
  expect(await go()).toMatchObject({ status: 'stored', etag: expect.any(String) })
  expect(storage.objects.has(content.remoteKey)).toBe(true)
})

describe('a single PUT that ends with a success', () => {
  test('is sent, not stored: only the signer can say that', async () => {
    const { storage, content, go } = await uploading(5)
    expect(await go()).toEqual({ status: 'sent' })
    expect(storage.objects.has(content.remoteKey)).toBe(true)
    expect(await go()).toMatchObject({ status: 'stored', receipt: expect.any(String) })
  })

  test('is sent when something else answered', async () => {
    const { go } = await uploading(5, () => () => Promise.resolve({ status: 200, etag: null }))
    expect(await go()).toEqual({ status: 'sent' })
    expect(await go({}, { sent: true })).toEqual({ status: 'sent' })
  })

  test('is recorded before it starts, when the signer asks to confirm it, and confirmed by later attempts', async () => {
    const { storage, content, go } = await uploading(5, undefined, { confirmUploads: true })
    const storedWhenNoted: boolean[] = []
    await go({ onSending: async () => void storedWhenNoted.push(storage.objects.has(content.remoteKey)) })
    expect(storedWhenNoted).toEqual([false])
    expect(storage.confirmed).toEqual([])
    await go({}, { sent: true })
    expect(storage.confirmed).toEqual([content.remoteKey])
  })

  test('is not noted where the signer does not want to hear of it', async () => {
    const { go } = await uploading(5, undefined, { receipts: false })
    await go({ onSending: () => Promise.reject(new Error('Nothing to note.')) })
  })
})

describe('bytes that have changed on disk', () => {
  test.each([
    ['a flipped bit', [1, 1, 1, 1, 0]],
    ['a byte less', [1, 1, 1, 1]],
    ['a byte more', [1, 1, 1, 1, 1, 1]],
  ])('one part, %s: corrupt, and nothing is sent', async (_, onDisk) => {
    let sent = 0
    const send: Send = () => Promise.resolve((sent++, { status: 200, etag: null }))
    const { storage, content } = await uploading(5)
    const job = { ...content, blob: new Blob([new Uint8Array(onDisk)]) }
    const going = upload({ signer: storage.signer, send }, job, { signal: new AbortController().signal })
    await expect(going).rejects.toMatchObject({ code: 'corrupt' })
    expect(sent).toBe(0)
  })

  test('several parts: the parts that are as they were may go, the changed one does not', async () => {
    const { storage, content } = await uploading(PART_SIZE + 5)
    const bytes = new Uint8Array(await content.blob.arrayBuffer())
    bytes[PART_SIZE + 2]! ^= 1
    const sizes: number[] = []
    const send: Send = (...args) => {
      sizes.push(args[2].size)
      return sendByFetch(storage.fetch)(...args)
    }
    const job = { ...content, blob: new Blob([bytes]) }
    const going = upload({ signer: storage.signer, send }, job, { signal: new AbortController().signal })
    await expect(going).rejects.toMatchObject({ code: 'corrupt' })
    expect(sizes).not.toContain(5)
    expect(storage.objects.size).toBe(0)
  })

  test('a disk that does not give the bytes: disk_failed', async () => {
    const { storage, content } = await uploading(5)
    const blob = Object.assign(new Blob([new Uint8Array(5)]), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')) }),
    }) as Blob
    const going = upload(
      { signer: storage.signer, send: sendByFetch(storage.fetch) },
      { ...content, blob },
      { signal: new AbortController().signal },
    )
    await expect(going).rejects.toMatchObject({ code: 'disk_failed' })
  })
})

test('a PUT that finds no S3 bucket says so, and is retried', async () => {
  const { go } = await uploading(5, refusing(404, 1))
  await expect(go()).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringContaining("Check the signer's S3 bucket."),
  })
})

test('restarts an upload that the object store discarded', async () => {
  const { storage, content, go } = await uploading(PART_SIZE + 5, refusing(404, 1))
  const begun: string[] = []
  const onStarted = async (uploadId: string) => void begun.push(uploadId)
  await expect(go({ onStarted })).rejects.toMatchObject({ code: 'storage_unavailable' })
  await storage.signer.abortMultipart({ key: content.remoteKey, uploadId: begun[0]! })
  await go({ onStarted }, { uploadId: begun[0] })
  expect(begun).toHaveLength(2)
  expect(storage.objects.has(content.remoteKey)).toBe(true)
})

test('the first part that fails stops the others', async () => {
  const stopped: unknown[] = []
  let sent = 0
  const { go } = await uploading(6 * PART_SIZE, () => (_url, _headers, _body, { signal }) => {
    if (++sent === PARALLEL_PARTS) return Promise.resolve({ status: 500, etag: null })
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        stopped.push(signal.reason)
        reject(signal.reason as Error)
      }),
    )
  })
  await expect(go()).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(stopped).toHaveLength(PARALLEL_PARTS - 1)
  expect(sent).toBe(PARALLEL_PARTS)
})
