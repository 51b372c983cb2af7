/** A client with credentials of its own, in a new S3 bucket of the tests' S3. */
import { createdBucket, type TestBucket } from '@rockpool/object-store/testing'
import { type Artifacts, createArtifacts } from '../artifacts.ts'

export const createTrusted = async (): Promise<{ readonly bucket: TestBucket; readonly artifacts: Artifacts }> => {
  const bucket = await createdBucket('artifacts')
  return { bucket, artifacts: trustedIn(bucket) }
}

export const trustedIn = (options: TestBucket): Artifacts => {
  const { bucket, endpoint, region, accessKey, secretKey } = options
  return createArtifacts({ bucket, s3: { endpoint, region, accessKey, secretKey } })
}
