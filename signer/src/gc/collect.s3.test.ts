import { openS3Store } from '@rockpool/object-store/s3'
import type { RemoteKey } from '@rockpool/protocol'
import { expect, test } from 'vitest'
import { contentOf } from '../testing/harness.ts'
import { createdBucket } from '../testing/s3.ts'
import { collect } from './collect.ts'

const rules = { graceMs: 0, retentionMs: 0 }
/** The clock of S3 may be a second ahead. */
const now = () => Date.now() + 60_000

test('two signers collect in one S3 bucket at once: one goes on, the other deletes nothing', async () => {
  const store = await openS3Store(await createdBucket())
  const { address, bytes, size } = await contentOf(10)
  const key = `reef/files/${address}` as RemoteKey
  await store.put(key, bytes, { size })
  const empty = { logId: 'log', live: new Set<RemoteKey>(), named: new Set<RemoteKey>() }
  const liveSets = { storeIds: async () => ['reef'], read: async () => empty, reportLost: async () => {} }
  const run = (sets = liveSets) => collect({ store, liveSets: sets, storeId: 'reef', rules, now })

  let other: Promise<unknown> | undefined
  // The other one begins and ends between this one's first reading and its first writing.
  const read = async () => {
    await (other ??= run())
    await store.put(key, bytes, { size })
    return empty
  }
  await expect(run({ ...liveSets, read })).rejects.toMatchObject({ code: 'conflict' })
  expect(await other).toMatchObject({ deleted: 1 })
  expect((await store.list('')).objects.map((each) => each.key)).toEqual(['gc/reef/000000000000003', key])
  expect(await run()).toMatchObject({ deleted: 1 })
  expect((await store.list('')).objects.map((each) => each.key)).toEqual(['gc/reef/000000000000006'])
  await store.close()
})
