/** `object.created` of PUTs that go past the signer, straight to S3: the engine's own upload, on a real S3. */
import { fetchSigner } from '@rockpool/core/signer'
import { sendByFetch, upload, type UploadOptions } from '@rockpool/core/transfers'
import { hashContent, type RemoteKey } from '@rockpool/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesOf, startOn, type TestSigner, token } from './testing/harness.ts'
import { startOnS3 } from './testing/s3.ts'

let signer: TestSigner
beforeAll(async () => {
  signer = await startOnS3()
}, 30_000)
afterAll(() => signer.stop())

const uploading = async (seed: number) => {
  const blob = new Blob([bytesOf(1_000, seed)])
  const { address, digests, size } = await hashContent(blob.stream())
  const remoteKey = `reef/files/${address}` as RemoteKey
  const client = fetchSigner({ url: signer.url, token: () => token({ reef: ['write'] }) })
  const content = { key: remoteKey, size, type: 'image/png' }
  return {
    created: { type: 'object.created', key: remoteKey, storeId: 'reef', size, sub: 'ada' },
    told: () => signer.events.filter((event) => 'key' in event && event.key === remoteKey),
    /** as the leader asks for what it has sent */
    check: async () => (await client.uploadUrls({ items: [{ ...content, sent: true }] })).items[0],
    go: (options: Partial<UploadOptions> = {}, sent?: boolean) =>
      upload(
        { signer: client, send: sendByFetch(fetch) },
        { remoteKey, type: 'image/png', blob, size, digests, sent },
        { signal: new AbortController().signal, ...options },
      ),
  }
}

test('clients are asked to confirm, unless nobody wants to hear of it and there are no receipts', async () => {
  const content = { key: `reef/files/${'a'.repeat(64)}`, size: 10, type: 'image/png' }
  const { store } = signer
  const deaf = await startOn(store, { confirmUploads: false, receiptSecret: undefined })
  const answers = [await signer.call('POST', '/upload-url', content), await deaf.call('POST', '/upload-url', content)]
  await deaf.stop()
  expect(answers.map(({ json }) => [json.status, json.confirm])).toEqual([
    ['put', true],
    ['put', undefined],
  ])
})

test('is told once of an upload', async () => {
  const { go, check, told, created } = await uploading(1)
  expect(await go()).toEqual({ status: 'sent' })
  expect(told()).toEqual([])
  expect(await check()).toMatchObject({ status: 'stored', durable: true, etag: expect.any(String) })
  expect(told()).toEqual([created])
  expect(await go()).toMatchObject({ status: 'stored' })
  expect(told()).toEqual([created])
})

test('is told when the client ends after its PUT, and comes back', async () => {
  const { go, told, created } = await uploading(2)
  const noted: string[] = []
  expect(await go({ onSending: async () => void noted.push('sending') })).toEqual({ status: 'sent' })
  expect(noted).toEqual(['sending'])
  expect(told()).toEqual([])
  await go({}, true)
  expect(told()).toEqual([created])
})
