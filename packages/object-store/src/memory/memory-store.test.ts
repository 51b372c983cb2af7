import { sha256 } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { objectStoreSuite } from '../testing/index.ts'
import { memoryStore } from './memory-store.ts'

objectStoreSuite('memory', async (setup) => memoryStore(setup))

const BYTES = new Uint8Array([1, 2, 3])
const options = { publicBaseUrl: 'https://signer.example', secret: 'a secret of this test only' }

test('takes times and ids from its options', async () => {
  let now = 1_000
  const store = memoryStore({ ...options, now: () => now, newId: () => 'an id' })
  await store.put('reef', BYTES, { size: 3 })
  expect((await store.head('reef')).modifiedAt).toBe(1_000)
  expect(await store.multipart.start('lagoon', { type: 'image/png' })).toBe('an id')
  const { expiresAt } = await store.signGet({ key: 'reef', expiresIn: 60 })
  expect(expiresAt).toBe(61_000)
  now += 1
  await store.copy('reef', 'lagoon')
  expect((await store.head('lagoon')).modifiedAt).toBe(1_001)
})

test('ends an upload that was not completed within 7 days', async () => {
  let now = 0
  const { multipart } = memoryStore({ ...options, now: () => now })
  const uploadId = await multipart.start('reef', { type: 'image/png' })
  await multipart.putPart('reef', uploadId, 1, BYTES, { size: 3, sha256: await sha256(BYTES) })
  now = 7 * 24 * 3600 * 1000 - 1
  expect(await multipart.listUploads('reef')).toEqual([uploadId])
  now += 1
  expect(await multipart.listUploads('reef')).toEqual([])
  await expect(multipart.listParts('reef', uploadId)).rejects.toMatchObject({ code: 'upload_not_found' })
})

test('keeps its own copy of what is put, and gives copies', async () => {
  const store = memoryStore(options)
  const bytes = BYTES.slice()
  await store.put('reef', bytes, { size: 3 })
  bytes[0] = 9
  const { value: first } = await (await store.get('reef')).body.getReader().read()
  expect(first).toEqual(BYTES)
  first![0] = 9
  expect(await new Response((await store.get('reef')).body).bytes()).toEqual(BYTES)
})

test('a closed store is unavailable', async () => {
  const store = memoryStore(options)
  await store.close()
  await expect(store.exists('reef')).rejects.toMatchObject({ code: 'unavailable' })
  expect(await store.checkHealth()).toMatchObject({ ok: false })
})
