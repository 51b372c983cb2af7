/** A client with credentials of its own, in a new S3 bucket of the tests' S3. */
import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { clientOf, createdBucket, type TestBucket } from '@rockpool/object-store/testing'
import { type Artifacts, createArtifacts } from '../artifacts.ts'

export const createTrusted = async (): Promise<{ readonly bucket: TestBucket; readonly artifacts: Artifacts }> => {
  const bucket = await createdBucket('artifacts')
  return { bucket, artifacts: trustedIn(bucket) }
}

export const trustedIn = (options: TestBucket): Artifacts => {
  const { bucket, endpoint, region, accessKey, secretKey } = options
  return createArtifacts({ bucket, s3: { endpoint, region, accessKey, secretKey } })
}

/** For the end of a test: the S3 of the tests has its data in memory. */
export const emptyBucket = async (bucket: TestBucket): Promise<void> => {
  const client = clientOf(bucket)
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket.bucket }))
  const Objects = Contents.map(({ Key }) => ({ Key }))
  if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket: bucket.bucket, Delete: { Objects } }))
  client.destroy()
}
