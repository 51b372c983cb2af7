import { memoryStore } from '@rockpool/object-store/memory'
import { parseReceipt } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { contentOf, send, startOn, startSigner, URL_SECRET } from './testing/harness.ts'
import { receiptsSuite } from './testing/receipts-suite.ts'

describe('receipts, local store', () => receiptsSuite())

test('a signer without a receipt secret gives none, and wants no confirmation of PUTs that it serves', async () => {
  const signer = await startSigner({ receiptSecret: undefined })
  const { address, bytes, size } = await contentOf(10)
  const request = { key: `reef/files/${address}`, size, type: 'image/png' }
  const { json: put } = await signer.call('POST', '/upload-url', request)
  expect(put).not.toHaveProperty('confirm')
  await send(put, bytes)
  const { json: stored } = await signer.call('POST', '/upload-url', { ...request, sent: true })
  expect(stored).toEqual({ status: 'stored', durable: true, etag: expect.any(String) })
  expect((await signer.call('GET', `/download-url?key=${request.key}&check=1`)).json).not.toHaveProperty('receipt')
  await signer.stop()
})

test('content of a size that its address cannot have gets no receipt', async () => {
  const { address } = await contentOf(9_000_000)
  const key = `reef/files/${address}`
  const info = { size: 5, type: 'image/png', etag: '"1"', modified: 0, durable: true }
  const signer = await startSigner({}, (store) => ({ ...store, head: async () => info as never }))
  const { status, json } = await signer.call('GET', `/download-url?key=${key}&check=1`)
  expect(status).toBe(200)
  expect(json).not.toHaveProperty('receipt')
  await signer.stop()
})

test('receipts and signed URLs take their time from the clock that is given', async () => {
  const urls = { publicBaseUrl: 'https://signer.example', secret: URL_SECRET }
  let time = 1_000
  const now = () => time
  const signer = await startOn(memoryStore({ ...urls, now }), { now })
  const { address, bytes, size } = await contentOf(10)
  const request = { key: `reef/files/${address}`, size, type: 'image/png' }
  const { json: put } = await signer.call('POST', '/upload-url', request)
  const upload = () => signer.fetch(new Request(put.url, { method: 'PUT', headers: put.headers, body: bytes }))
  time = put.expiresAt
  expect((await upload()).status).toBe(403)
  time -= 1
  expect((await upload()).status).toBe(200)
  const { json: stored } = await signer.call('POST', '/upload-url', { ...request, sent: true })
  expect(parseReceipt(stored.receipt)).toMatchObject({ size, at: time })
  await signer.stop()
})

test('a secret that can be guessed: the signer does not start', async () => {
  await expect(startSigner({ receiptSecret: 'short' })).rejects.toMatchObject({ code: 'bad_request' })
})
