import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { connect } from '../s3/connection.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { killedHybridCase } from './hybrid.test.cases.ts'

killedHybridCase(10, async () => {
  const { client, Bucket } = connect(testBucket('killed'))
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  return `s3:${Bucket}`
})
