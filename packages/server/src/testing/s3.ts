/** For tests: a bucket of its own on the real S3 that `npm test` runs. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3StoreOptions } from '@rockpool/object-store/s3'

const variable = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: it names the S3 server of the tests (test/s3).`)
  return value
}

/** An S3 bucket that does not exist yet. */
export const namedBucket = (): S3StoreOptions & {
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
} => ({
  endpoint: variable('ROCKPOOL_TEST_S3_ENDPOINT'),
  region: variable('ROCKPOOL_TEST_S3_REGION'),
  accessKey: variable('ROCKPOOL_TEST_S3_ACCESS_KEY'),
  secretKey: variable('ROCKPOOL_TEST_S3_SECRET_KEY'),
  bucket: `rockpool-server-${crypto.randomUUID()}`,
  forcePathStyle: true,
})

export const clientOf = ({ endpoint, region, accessKey, secretKey }: ReturnType<typeof namedBucket>): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })

/** The variables that name an S3 bucket to the server. */
export const environmentOfBucket = ({
  endpoint,
  region,
  bucket,
  accessKey,
  secretKey,
}: ReturnType<typeof namedBucket>) => ({
  ARTIFACT_ENDPOINT: endpoint,
  ARTIFACT_REGION: region,
  ARTIFACT_BUCKET: bucket,
  ARTIFACT_ACCESS_KEY: accessKey,
  ARTIFACT_SECRET_KEY: secretKey,
  ARTIFACT_FORCE_PATH_STYLE: 'true',
})

/** A new, empty S3 bucket. */
export const createdBucket = async (): Promise<ReturnType<typeof namedBucket>> => {
  const options = namedBucket()
  const client = clientOf(options)
  await client.send(new CreateBucketCommand({ Bucket: options.bucket }))
  client.destroy()
  return options
}
