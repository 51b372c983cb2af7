import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { buildRemoteKey, hashContent } from '@rockpool/protocol'
import { connect } from '../s3/connection.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { someBytes } from '../testing/bytes.ts'
import { verify } from './verify.ts'

test('names content of an S3 bucket that has other bytes than its address says', async () => {
  const target = testBucket('verify')
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  const store = await openS3Store(target)
  const keyOf = async (seed: number) =>
    buildRemoteKey({ storeId: 's', bucket: 'files', address: (await hashContent([someBytes(1000, seed)])).address })
  const [whole, wrong] = [await keyOf(1), await keyOf(2)]
  await store.put(whole, someBytes(1000, 1), { size: 1000 })
  await store.put(wrong, someBytes(1000, 3), { size: 1000 })
  await store.put('notes', someBytes(10), { size: 10 })
  expect(await verify(store, { heal: true })).toMatchObject({
    objects: 3,
    damaged: [{ key: wrong, outcome: 'left' }],
    unproven: 1,
  })
  for (const key of [whole, wrong, 'notes']) await store.delete(key)
  await store.close()
})
