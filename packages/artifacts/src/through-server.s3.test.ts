import { openS3Store } from '@rockpool/object-store/s3'
import { createdBucket } from '@rockpool/object-store/testing'
import { artifactsSuite } from './testing/artifacts-suite.ts'
import { serveStore, setupOf } from './testing/server.ts'
import { emptyBucket } from './testing/trusted.ts'

artifactsSuite('through a server, S3', async () => {
  const bucket = await createdBucket('artifacts')
  const setup = setupOf(await serveStore(await openS3Store(bucket)))
  const close = async () => {
    await setup.close()
    await emptyBucket(bucket)
  }
  return { ...setup, close }
})
