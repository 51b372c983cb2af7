import { artifactsSuite } from './testing/artifacts-suite.ts'
import { createTrusted, emptyBucket } from './testing/trusted.ts'

artifactsSuite('S3 with credentials of its own', async () => {
  const { bucket, artifacts } = await createTrusted()
  return {
    bucket: bucket.bucket,
    newRequest: async () => ({ requestId: crypto.randomUUID(), artifacts }),
    close: () => emptyBucket(bucket),
  }
})
