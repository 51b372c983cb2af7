import { buildRemoteKey, hashContent, PART_SIZE } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { memorySigner } from '../memory/index.ts'
import { type Send, sendByFetch } from './http.ts'
import { upload, type UploadOptions } from './upload.ts'

const contentOf = async (size: number) => {
  const blob = new Blob([new Uint8Array(size)])
  const { address, digests } = await hashContent(blob.stream())
  const remoteKey = buildRemoteKey({ storeId: 'reef', bucket: 'files', address })
  return { remoteKey, type: 'text/plain', blob, size, digests }
}

/** Uploads through `send`, which is given the real one. */
const uploading = async (size: number, wrap: (send: Send) => Send = (send) => send) => {
  const storage = memorySigner()
  const content = await contentOf(size)
  const ports = { signer: storage.signer, send: wrap(sendByFetch(storage.fetch)) }
  const go = (options: Partial<UploadOptions> = {}, uploadId?: string) =>
    upload(ports, { ...content, uploadId }, { signal: new AbortController().signal, ...options })
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

test('what somebody else stored meanwhile is stored', async () => {
  const { storage, content, go } = await uploading(5, (send) => async (...args) => {
    await send(...args)
    return send(...args)
  })
  expect(await go()).toMatchObject({ etag: expect.any(String) })
  expect(storage.objects.has(content.remoteKey)).toBe(true)
})

test('an upload that the object store gave up is tried again, and begins anew', async () => {
  const { storage, content, go } = await uploading(PART_SIZE + 5, refusing(404, 1))
  const begun: string[] = []
  const onStarted = async (uploadId: string) => void begun.push(uploadId)
  await expect(go({ onStarted })).rejects.toMatchObject({ code: 'storage_unavailable' })
  await storage.signer.abortMultipart({ key: content.remoteKey, uploadId: begun[0]! })
  await go({ onStarted }, begun[0])
  expect(begun).toHaveLength(2)
  expect(storage.objects.has(content.remoteKey)).toBe(true)
})

test('the first part that fails stops the others', async () => {
  const stopped: unknown[] = []
  let sent = 0
  const { go } = await uploading(6 * PART_SIZE, () => (_url, _headers, _body, { signal }) => {
    if (++sent === 4) return Promise.resolve({ status: 500, etag: null })
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        stopped.push(signal.reason)
        reject(signal.reason as Error)
      }),
    )
  })
  await expect(go()).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(stopped).toHaveLength(3)
  expect(sent).toBe(4)
})
