/** S3 buckets of one's own on the S3 server of the tests, which the environment names. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Options } from '../s3/connection.ts'

const variable = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: it names the S3 server of the tests (test/s3).`)
  return value
}

export type TestBucket = S3Options & {
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
}

/** An S3 bucket that does not exist yet. */
export const testBucket = (purpose: string): TestBucket => ({
  endpoint: variable('ROCKPOOL_TEST_S3_ENDPOINT'),
  region: variable('ROCKPOOL_TEST_S3_REGION'),
  accessKey: variable('ROCKPOOL_TEST_S3_ACCESS_KEY'),
  secretKey: variable('ROCKPOOL_TEST_S3_SECRET_KEY'),
  bucket: `rockpool-${purpose}-${crypto.randomUUID()}`,
  forcePathStyle: true,
})

/** A new, empty S3 bucket. */
export const createdBucket = async (purpose: string): Promise<TestBucket> => {
  const options = testBucket(purpose)
  const client = clientOf(options)
  await client.send(new CreateBucketCommand({ Bucket: options.bucket }))
  client.destroy()
  return options
}

export const clientOf = ({ endpoint, region, accessKey, secretKey }: TestBucket): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })

/** The variables that name an S3 bucket to a server. */
export const environmentOfBucket = ({ endpoint, region, bucket, accessKey, secretKey }: TestBucket) => ({
  ARTIFACT_ENDPOINT: endpoint,
  ARTIFACT_REGION: region,
  ARTIFACT_BUCKET: bucket,
  ARTIFACT_ACCESS_KEY: accessKey,
  ARTIFACT_SECRET_KEY: secretKey,
  ARTIFACT_FORCE_PATH_STYLE: 'true',
})
