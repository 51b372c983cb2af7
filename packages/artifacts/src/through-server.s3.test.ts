import { openS3Store } from '@rockpool/object-store/s3'
import { createdBucket } from '@rockpool/object-store/testing'
import { artifactsSuite } from './testing/artifacts-suite.ts'
import { serveStore, setupOf } from './testing/server.ts'

artifactsSuite('through a server, S3', async () =>
  setupOf(await serveStore(await openS3Store(await createdBucket('artifacts')))),
)
