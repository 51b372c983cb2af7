import { PART_SIZE } from '@rockpool/protocol'
import { describe, expect, test } from 'vitest'
import { contentOf, startSigner, uploadParts } from './testing/harness.ts'
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
