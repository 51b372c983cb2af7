/** Receipts in the answers of a signer on any store: a sync server with the same secret takes them. */
import { receiptVerifier } from '@rockpool/access'
import { parseReceipt, PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { contentOf, RECEIPT_SECRET, send, startSigner, type TestSigner, token, uploadParts } from './harness.ts'

const isValid = receiptVerifier([RECEIPT_SECRET])

export const receiptsSuite = (start: () => Promise<TestSigner> = startSigner): void => {
  vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })
  let signer: TestSigner
  beforeAll(async () => {
    signer = await start()
  })
  afterAll(() => signer.stop())

  const expectReceipt = async (answer: { readonly receipt?: string }, key: string, size: number) => {
    expect(await isValid(answer.receipt ?? '', key, size)).toBe(true)
    const age = Date.now() - parseReceipt(answer.receipt!)!.at
    expect(age).toBeGreaterThanOrEqual(0)
    expect(age).toBeLessThan(60_000)
  }

  const uploaded = async (size: number, seed: number) => {
    const { address, bytes } = await contentOf(size, seed)
    const request = { key: `reef/files/${address}`, size, type: 'image/png' }
    const { json } = await signer.call('POST', '/upload-url', request)
    expect((await send(json, bytes)).status).toBe(200)
    return { request, key: request.key, size, put: json }
  }

  describe('a receipt', () => {
    test('is not in the answer that asks for a PUT: that one asks to be confirmed', async () => {
      const { put } = await uploaded(10, 31)
      expect(put).toMatchObject({ status: 'put', confirm: true })
      expect(put).not.toHaveProperty('receipt')
    })

    test('is in the answer to a confirmation, alone and in a batch', async () => {
      const { request, key, size } = await uploaded(11, 32)
      const confirm = { ...request, sent: true }
      await expectReceipt((await signer.call('POST', '/upload-url', confirm)).json, key, size)
      const { json } = await signer.call('POST', '/upload-urls', { items: [confirm] })
      await expectReceipt(json.items[0], key, size)
    })

    test('is not in the answer to a confirmation of what did not arrive', async () => {
      const { address } = await contentOf(12, 33)
      const request = { key: `reef/files/${address}`, size: 12, type: 'image/png', sent: true }
      const { json } = await signer.call('POST', '/upload-url', request)
      expect(json.status).toBe('put')
      expect(json).not.toHaveProperty('receipt')
    })

    test('is in the answers about the empty file', async () => {
      const { address } = await contentOf(0)
      const request = { key: `reef/files/${address}`, size: 0, type: 'text/plain' }
      for (let time = 0; time < 2; time++) {
        await expectReceipt((await signer.call('POST', '/upload-url', request)).json, request.key, 0)
      }
    })

    test('is in the answer that completes an upload in parts, and in those that find it complete', async () => {
      const content = await contentOf(PART_SIZE + 31, 34)
      const { size, digests } = content
      const key = `reef/files/${content.address}`
      const { complete, uploadId } = await uploadParts(signer, key, content)
      await expectReceipt(complete.json, key, size)
      const again = await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
      await expectReceipt(again.json, key, size)
      const found = await signer.call('POST', '/multipart', { key, size, digests, type: 'video/mp4' })
      await expectReceipt(found.json, key, size)
      await expectReceipt((await signer.call('GET', `/download-url?key=${key}&check=1`)).json, key, size)
    })

    test('is in a download that was checked, for readers, too, and in no other', async () => {
      const { key, size } = await uploaded(13, 35)
      const reader = await token({ reef: ['read'] })
      await expectReceipt(
        (await signer.call('GET', `/download-url?key=${key}&check=1`, undefined, reader)).json,
        key,
        size,
      )
      expect((await signer.call('GET', `/download-url?key=${key}`)).json).not.toHaveProperty('receipt')
    })
  })
}
