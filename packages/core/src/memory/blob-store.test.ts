import { expect, test } from 'vitest'
import { blobStoreSuite } from '../testing/blob-store-suite.ts'
import { sampleBytes } from '../testing/sample-bytes.ts'
import { memoryBlobStore } from './blob-store.ts'

blobStoreSuite('in memory', async () => {
  const store = memoryBlobStore()
  return { store, reopen: async () => store, [Symbol.asyncDispose]: async () => {} }
})

test('past its quota a write is refused with quota_exceeded, and fits once there is room', async () => {
  const options = { quota: 100 }
  const store = memoryBlobStore(options)
  await store.write(new Blob([sampleBytes(60, 1)]))
  await expect(store.write(new Blob([sampleBytes(60, 2)]))).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect(await store.list()).toHaveLength(1)
  options.quota = 120
  await store.write(new Blob([sampleBytes(60, 2)]))
  expect(await store.usage()).toEqual({ used: 120, quota: 120 })
})
