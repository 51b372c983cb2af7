import { ObjectStoreError } from '@rockpool/object-store'
import { PART_SIZE } from '@rockpool/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { uploadForm } from './testing/gateway-suite.ts'
import { contentOf, send, startSigner, type TestSigner, token, uploadParts } from './testing/harness.ts'

let signer: TestSigner
beforeAll(async () => {
  signer = await startSigner()
})
afterAll(() => signer.stop())

const toldOf = ({ events }: TestSigner, key: string) => events.filter((event) => 'key' in event && event.key === key)

const put = async (on: TestSigner, seed: number) => {
  const { address, bytes, size } = await contentOf(10, seed)
  const request = { key: `reef/files/${address}`, size, type: 'image/png' }
  const { json } = await on.call('POST', '/upload-url', request)
  expect((await send(json, bytes)).status).toBe(200)
  const created = { type: 'object.created', key: request.key, storeId: 'reef', size, sub: 'ada' }
  return { request, key: request.key, created }
}

describe('object.created of a single PUT', () => {
  test('is told when the signer has served it, and nobody has to confirm that', async () => {
    const { key, created } = await put(signer, 1)
    expect(toldOf(signer, key)).toEqual([{ ...created, sub: undefined }])
  })

  test('is told of what a client confirms, alone or in a batch', async () => {
    const { request, key, created } = await put(signer, 2)
    const [, ...before] = toldOf(signer, key)
    expect(before).toEqual([])
    const confirm = { ...request, sent: true }
    expect((await signer.call('POST', '/upload-url', confirm)).json).toMatchObject({ status: 'stored' })
    expect(toldOf(signer, key).slice(1)).toEqual([created])
    const { json } = await signer.call('POST', '/upload-urls', { items: [confirm] })
    expect(json.items).toMatchObject([{ status: 'stored' }])
    expect(toldOf(signer, key).slice(1)).toEqual([created, created])
  })

  test('is not told of what did not arrive, of who only asks, and to who may not write', async () => {
    const { address } = await contentOf(10, 3)
    const missing = { key: `reef/files/${address}`, size: 10, type: 'image/png', sent: true }
    expect((await signer.call('POST', '/upload-url', missing)).json).toMatchObject({ status: 'put' })
    const { request } = await put(signer, 4)
    expect((await signer.call('POST', '/upload-url', request)).json.status).toBe('stored')
    const reader = await token({ reef: ['read'] })
    expect((await signer.call('POST', '/upload-url', { ...request, sent: true }, reader)).status).toBe(403)
    expect([...toldOf(signer, missing.key), ...toldOf(signer, request.key).slice(1)]).toEqual([
      expect.objectContaining({ type: 'access.denied' }),
    ])
  })
})

describe('object.created of what the signer stores itself, when its answer is lost: told when the client asks again', () => {
  const failure = { unavailable: 503, precondition_failed: 200 } as const

  /** A signer whose store keeps what comes first, and fails then. */
  const losing = (code: keyof typeof failure) => {
    let puts = 0
    return startSigner({ gateway: true }, (store) => ({
      ...store,
      put: async (...args) => {
        const stored = await store.put(...args)
        if (++puts === 1) throw new ObjectStoreError(code, 'The answer is lost.')
        return stored
      },
    }))
  }

  test.each(['unavailable', 'precondition_failed'] as const)('the empty file, %s', async (code) => {
    const lossy = await losing(code)
    const { address } = await contentOf(0)
    const request = { key: `reef/files/${address}`, size: 0, type: 'image/png' }
    expect((await lossy.call('POST', '/upload-url', request)).status).toBe(failure[code])
    expect((await lossy.call('POST', '/upload-url', request)).json.status).toBe('stored')
    expect(toldOf(lossy, request.key)).toContainEqual(expect.objectContaining({ type: 'object.created', sub: 'ada' }))
    await lossy.stop()
  })

  test('a PUT with a token', async () => {
    const lossy = await losing('unavailable')
    const { address, bytes } = await contentOf(10, 7)
    const key = `reef/files/${address}`
    const headers = { authorization: `Bearer ${await token({ reef: ['write'] })}`, 'content-type': 'image/png' }
    const again = () => fetch(`${lossy.url}/objects/${key}`, { method: 'PUT', headers, body: bytes })
    expect([(await again()).status, (await again()).status]).toEqual([503, 412])
    expect(toldOf(lossy, key)).toMatchObject([{ type: 'object.created', sub: 'ada' }])
    await lossy.stop()
  })

  test('a form', async () => {
    const lossy = await losing('unavailable')
    const { address, bytes } = await contentOf(10, 8)
    const ada = await token({ reef: ['write'] })
    const again = () => uploadForm(lossy, ada, bytes)
    expect([(await again()).status, (await again()).status]).toEqual([503, 200])
    expect(toldOf(lossy, `reef/${address}`)).toMatchObject([{ type: 'object.created', sub: 'ada' }])
    await lossy.stop()
  })
})

describe('object.created of an upload in parts', () => {
  test('completed by a signer that ended before it told: told when the client asks again', async () => {
    const content = await contentOf(PART_SIZE + 1, 61)
    const key = `reef/files/${content.address}`
    const { uploadId } = await uploadParts(signer, key, content)
    const { size, digests } = content
    const created = { type: 'object.created', key, storeId: 'reef', size, sub: 'ada' }
    expect(toldOf(signer, key)).toEqual([created])

    const forged = await contentOf(size, 62)
    await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests: forged.digests })
    expect(toldOf(signer, key)).toEqual([created])
    await signer.call('POST', '/multipart/complete', { key, size, uploadId, digests })
    expect(toldOf(signer, key)).toEqual([created, created])

    const start = { key, size, type: 'video/mp4', digests }
    await signer.call('POST', '/multipart', start)
    expect(toldOf(signer, key)).toEqual([created, created])
    await signer.call('POST', '/multipart', { ...start, uploadId })
    expect(toldOf(signer, key)).toEqual([created, created, created])
  })
})

test('object.deleted is told of a purge', async () => {
  const { key } = await put(signer, 6)
  await signer.call('DELETE', `/objects?key=${key}`)
  expect(toldOf(signer, key).slice(1)).toEqual([{ type: 'object.deleted', key, storeId: 'reef', sub: 'ada' }])
})

test('one line a request, with no secret in it', async () => {
  const { address } = await contentOf(10, 91)
  const before = signer.lines.length
  const { headers } = await signer.call('GET', `/download-url?key=reef/files/${address}&name=secret`)
  expect(signer.lines.slice(before)).toEqual([
    {
      requestId: headers.get('x-request-id'),
      method: 'GET',
      route: '/download-url',
      status: 200,
      ms: expect.any(Number),
      sub: 'ada',
      storeId: 'reef',
    },
  ])
  expect(JSON.stringify(signer.lines)).not.toMatch(/signature|eyJ|Bearer/)
})
