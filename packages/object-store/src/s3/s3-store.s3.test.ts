import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { beforeAll } from 'vitest'
import { objectStoreSuite } from '../testing/index.ts'
import { connect } from './connection.ts'
import { openS3Store } from './s3-store.ts'
import { testBucket } from './test-bucket.ts'

const target = testBucket('store')

beforeAll(async () => {
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
})

objectStoreSuite('s3', () => openS3Store(target))
