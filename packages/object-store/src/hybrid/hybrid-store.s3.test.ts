import { rm } from 'node:fs/promises'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { connect } from '../s3/connection.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../testing/test-bucket.ts'
import { objectStoreSuite } from '../testing/index.ts'
import { anyOrderCase } from './any-order.test.cases.ts'
import { evictCases } from './evict.test.cases.ts'
import { replicationCases } from './replicate.test.cases.ts'
import { newFolder } from './hybrid.test.subject.ts'
import { openHybridStore } from './hybrid-store.ts'

const newBucket = async () => {
  const target = testBucket('hybrid')
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
  return target
}

let target: Awaited<ReturnType<typeof newBucket>>
const directory = await newFolder()
beforeAll(async () => {
  target = await newBucket()
})
afterAll(() => rm(directory, { recursive: true }))

objectStoreSuite('hybrid', (setup) =>
  openHybridStore({ directory, ...setup, connect: (signal) => openS3Store(target, signal) }),
)

const openRemote = async () => openS3Store(await newBucket())
replicationCases(openRemote)
evictCases(openRemote)
anyOrderCase(openRemote, 10)
