import { afterEach, describe, expect, test, vi } from 'vitest'
import { MAX_FORM_BYTES } from './gateway.ts'
import { gatewaySuite, uploadForm } from './testing/gateway-suite.ts'
import { contentOf, startSigner, token } from './testing/harness.ts'

afterEach(() => void vi.restoreAllMocks())

describe('the gateway contract of livestore-filesync, local store', () => {
  gatewaySuite()
})

test('forms are held in memory: of each user one of the largest at once, for some time, and no more', async () => {
  const signer = await startSigner({ gateway: true })
  const [ada, bob] = [await token({ reef: ['write'] }), await token({ reef: ['write'] }, 'bob')]
  const read = Promise.withResolvers<void>()
  const late = new AbortController()
  vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(late.signal)
  const stalled = new ReadableStream(
    {
      pull: () => {
        read.resolve()
        return new Promise(() => {})
      },
    },
    { highWaterMark: 0 },
  )
  const headers = {
    authorization: `Bearer ${ada}`,
    'content-length': String(MAX_FORM_BYTES),
    'content-type': 'multipart/form-data; boundary=x',
  }
  const held = signer.fetch(
    new Request(`${signer.url}/gateway/upload`, {
      ...{ method: 'POST', body: stalled, headers },
      duplex: 'half',
    } as RequestInit),
  )
  await read.promise
  const { bytes } = await contentOf(10, 6)
  const refused = await uploadForm(signer, ada, bytes)
  expect([refused.status, refused.json.error.code]).toEqual([429, 'rate_limited'])
  expect((await uploadForm(signer, bob, bytes)).status).toBe(200)
  late.abort()
  expect((await held).status).toBe(400)
  expect((await uploadForm(signer, ada, bytes)).status).toBe(200)
  await signer.stop()
})

test.each(['x', '-1', '1e3', ''])('a form whose Content-Length is %j is refused', async (length) => {
  const signer = await startSigner({ gateway: true })
  const headers = { authorization: `Bearer ${await token({ reef: ['write'] })}`, 'content-length': length }
  // Over HTTP, Node refuses such a header itself; another host may not.
  const request = new Request(`${signer.url}/gateway/upload`, { method: 'POST', body: 'form', headers })
  const answer = await signer.fetch(request)
  await signer.stop()
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Content-Length')])
})

test('is off unless switched on', async () => {
  const off = await startSigner()
  expect((await off.call('GET', '/gateway/health')).status).toBe(404)
  expect((await off.call('POST', '/gateway/upload', 'x')).status).toBe(404)
  await off.stop()
})

test('a form of a user who can write nowhere is refused before anything of it is read', async () => {
  const headers = {
    authorization: `Bearer ${await token({ reef: ['read', 'delete'] })}`,
    'content-type': 'multipart/form-data; boundary=x',
    'content-length': '1000',
  }
  const signer = await startSigner({ gateway: true })
  let pulled = 0
  const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
  const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit
  const response = await signer.fetch(new Request('http://signer/gateway/upload', init))
  expect([response.status, pulled]).toEqual([403, 0])
  await signer.stop()
})
