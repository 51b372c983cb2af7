import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { IS_LONG } from '../../../../test/long.ts'
import { connect } from '../s3/connection.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { killedHybridCase } from './hybrid.test.cases.ts'

killedHybridCase(IS_LONG ? 25 : 4, async () => {
  const { client, Bucket } = connect(testBucket('killed'))
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  return `s3:${Bucket}`
})
