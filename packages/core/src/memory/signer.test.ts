import { buildRemoteKey, hashContent, type RemoteKey } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { sampleBytes } from '../testing/sample-bytes.ts'
import { SIGNER_SUITE_BUCKETS, signerSuite } from '../testing/signer-suite.ts'
import { memorySigner } from './signer.ts'

signerSuite('in memory', async () => {
  const { signer, fetch, faults } = memorySigner({
    buckets: SIGNER_SUITE_BUCKETS,
    stores: { store: ['read', 'write', 'delete'] },
  })
  return {
    signer,
    storeId: 'store',
    fetch,
    disconnect: async () => {
      faults.offline = true
    },
    [Symbol.asyncDispose]: async () => {},
  }
})

describe('faults', () => {
  const stored = async () => {
    const bytes = sampleBytes(200_000)
    const memory = memorySigner()
    const { address } = await hashContent([bytes])
    const key = buildRemoteKey({ storeId: 'store', bucket: 'files', address })
    memory.objects.set(key, { bytes: new Blob([bytes]), type: 'image/png' })
    return { ...memory, key, bytes, url: (await memory.signer.downloadUrl({ key })).url }
  }

  test('offline: the object store is not reached', async () => {
    const { faults, fetch, url } = await stored()
    faults.offline = true
    await expect(fetch(url)).rejects.toThrow(TypeError)
  })

  test('refuse: the signer answers with the code', async () => {
    const { faults, signer, key } = await stored()
    faults.refuse = 'forbidden'
    await expect(signer.downloadUrl({ key })).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('status: the object store answers with it', async () => {
    const { faults, fetch, url } = await stored()
    faults.status = 500
    expect((await fetch(url)).status).toBe(500)
  })

  test('tamper: other bytes come under the same headers', async () => {
    const { faults, fetch, url, bytes } = await stored()
    faults.tamper = (bytes) => bytes.subarray(0, 10)
    const response = await fetch(url)
    expect(response.headers.get('content-length')).toBe(String(bytes.length))
    expect((await response.arrayBuffer()).byteLength).toBe(10)
  })

  test('a lost digest list: the content is not whole', async () => {
    const { objects, signer } = memorySigner()
    const key = `store/files/${'a'.repeat(64)}-2` as RemoteKey
    const object = { bytes: new Blob(['reef']), type: 'video/mp4' }
    objects.set(key, object)
    await expect(signer.downloadUrl({ key, check: true })).rejects.toMatchObject({ code: 'not_found' })
    objects.set(`${key}.parts`, object)
    expect(await signer.downloadUrl({ key, check: true })).toMatchObject({ partsUrl: expect.any(String) })
  })

  test('stall: a request waits until it is aborted', async () => {
    const { faults, fetch, url } = await stored()
    faults.stall = 'request'
    const stop = new AbortController()
    const response = fetch(url, { signal: stop.signal })
    stop.abort()
    await expect(response).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('stall: a body stops after its first chunk until it is aborted', async () => {
    const { faults, fetch, url } = await stored()
    faults.stall = 'body'
    const stop = new AbortController()
    const reader = (await fetch(url, { signal: stop.signal })).body!.getReader()
    expect((await reader.read()).done).toBe(false)
    const next = reader.read()
    stop.abort()
    await expect(next).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('an object that is lost is 404', async () => {
    const { objects, fetch, url, key } = await stored()
    objects.delete(key)
    expect((await fetch(url)).status).toBe(404)
  })

  test('a URL expires', async () => {
    const { signer, fetch, key } = await stored()
    const { url, expiresAt } = await signer.downloadUrl({ key, expiresIn: 1 })
    const now = Date.now
    Date.now = () => expiresAt
    try {
      expect((await fetch(url)).status).toBe(403)
    } finally {
      Date.now = now
    }
  })
})
