import { describe, expect, test } from 'vitest'
import { gatewaySuite, uploadForm } from './testing/gateway-suite.ts'
import { contentOf, startSigner, token } from './testing/harness.ts'

describe('the gateway contract of livestore-filesync, local store', () => {
  gatewaySuite()
})

test('forms are held in memory: two of the largest at once, and no more', async () => {
  const signer = await startSigner({ gateway: true })
  const ada = await token({ reef: ['write'] })
  const broken = Array.from({ length: 2 }, () => Promise.withResolvers<never>())
  const gone = new AbortController()
  const post = (body: ReadableStream, length: number) =>
    signer.fetch(
      new Request(`${signer.url}/gateway/upload`, {
        method: 'POST',
        body,
        signal: gone.signal,
        duplex: 'half',
        headers: {
          authorization: `Bearer ${ada}`,
          'content-length': String(length),
          'content-type': 'multipart/form-data; boundary=x',
        },
      } as RequestInit),
    )
  const read = Array.from({ length: 2 }, () => Promise.withResolvers<void>())
  const held = broken.map(({ promise }, i) => {
    const pull = () => {
      read[i]!.resolve()
      return promise
    }
    return post(new ReadableStream({ pull }, { highWaterMark: 0 }), 64 * 1024 * 1024)
  })
  await Promise.all(read.map(({ promise }) => promise))
  const { bytes } = await contentOf(10, 6)
  const refused = await uploadForm(signer, ada, bytes)
  expect([refused.status, refused.json.error.code]).toEqual([429, 'rate_limited'])
  broken[0]!.reject(new Error('The client is gone.'))
  gone.abort()
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([400, 400])
  expect((await uploadForm(signer, ada, bytes)).status).toBe(200)
  await signer.stop()
})

test('is off unless switched on', async () => {
  const off = await startSigner()
  expect((await off.call('GET', '/gateway/health')).status).toBe(404)
  expect((await off.call('POST', '/gateway/upload', 'x')).status).toBe(404)
  await off.stop()
})
