import { hashContent, PART_SIZE, sha256, toBase64 } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { bytesOf, contentOf, startSigner, uploadParts } from './testing/harness.ts'
import { uploadsSuite } from './testing/uploads-suite.ts'

describe('uploads, local store', () => {
  uploadsSuite()
})

test('two complete at once at two signers: the slower one finds it done', async () => {
  const content = await contentOf(PART_SIZE + 4, 10)
  const key = `reef/files/${content.address}`
  const other = await startSigner({}, (store) => ({
    ...store,
    multipart: {
      ...store.multipart,
      complete: async (...request) => {
        await store.multipart.complete(...request)
        return store.multipart.complete(...request)
      },
    },
  }))
  const { complete } = await uploadParts(other, key, content)
  expect([complete.status, complete.json.durable]).toEqual([200, true])
  await other.stop()
})

test('a signer with parts of 1 KiB signs and completes uploads in such parts', async () => {
  const signer = await startSigner({ partSize: 1024 })
  const bytes = bytesOf(2_500, 70)
  const { address, size, digests } = await hashContent([bytes], { partSize: 1024, digest: sha256 })
  const key = `reef/files/${address}`
  const { complete } = await uploadParts(signer, key, { bytes, size, address, digests: toBase64(digests) })
  expect([complete.status, complete.json.durable]).toEqual([200, true])
  const tooLong = await signer.call('POST', '/upload-url', { key: key.slice(0, -2), size: 1025, type: 'image/png' })
  expect([tooLong.status, tooLong.json.error.code]).toEqual([400, 'bad_request'])
  await signer.stop()
})

test.each([0, -1, 0.5, Number.NaN])('a signer with parts of %d bytes does not start', async (partSize) => {
  await expect(startSigner({ partSize })).rejects.toMatchObject({ code: 'bad_request' })
})
