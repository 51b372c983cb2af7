import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { connect } from '../s3/connection.ts'
import { openS3Store } from '../s3/index.ts'
import { testBucket } from '../s3/test-bucket.ts'
import { objectStoreSuite } from '../testing/index.ts'
import { openHybridStore } from './hybrid-store.ts'

const target = testBucket('hybrid')
const directory = await mkdtemp(join(tmpdir(), 'rockpool-hybrid-'))

beforeAll(async () => {
  const { client, Bucket } = connect(target)
  await client.send(new CreateBucketCommand({ Bucket }))
  client.destroy()
})
afterAll(() => rm(directory, { recursive: true }))

objectStoreSuite('hybrid', (setup) =>
  openHybridStore({ directory, ...setup, connect: (signal) => openS3Store(target, signal) }),
)
