import { expect, test } from 'vitest'
import { removeExpired, TMP_AGE_MS } from './remove-expired.ts'
import { SYSTEM_RUNTIME } from './runtime.ts'
import { s3Storage } from './storage/s3-storage.ts'
import { artifactsSuite } from './testing/artifacts-suite.ts'
import { createTrusted, emptyBucket } from './testing/trusted.ts'

artifactsSuite('S3 with credentials of its own', async () => {
  const { bucket, artifacts } = await createTrusted()
  return {
    bucket: bucket.bucket,
    hasOwnCredentials: true,
    newRequest: async () => ({ requestId: crypto.randomUUID(), artifacts }),
    close: () => emptyBucket(bucket),
  }
})

test('a temporary object is removed 7 days after it was put', async () => {
  const { bucket, artifacts } = await createTrusted()
  try {
    await artifacts.tmp.put({ area: 'builds', name: 'app.tar' }, 'x')
    const storage = s3Storage(bucket, bucket.bucket, SYSTEM_RUNTIME)
    const removeAt = (now: number) => removeExpired(storage, now, {})
    // The clock of S3 may differ by a second.
    expect(await removeAt(Date.now() + TMP_AGE_MS - 60_000)).toEqual({ requests: 0, objects: 0 })
    expect(await removeAt(Date.now() + TMP_AGE_MS + 60_000)).toEqual({ requests: 0, objects: 1 })
  } finally {
    await emptyBucket(bucket)
  }
})
