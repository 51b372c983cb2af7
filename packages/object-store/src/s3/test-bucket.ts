/** The S3 server of the tests, from the environment, and a bucket name of one's own. */
import type { S3Options } from './connection.ts'

const variable = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: it names the S3 server of the tests (test/s3).`)
  return value
}

export const testBucket = (purpose: string): S3Options & { readonly endpoint: string } => ({
  endpoint: variable('ROCKPOOL_TEST_S3_ENDPOINT'),
  region: variable('ROCKPOOL_TEST_S3_REGION'),
  accessKey: variable('ROCKPOOL_TEST_S3_ACCESS_KEY'),
  secretKey: variable('ROCKPOOL_TEST_S3_SECRET_KEY'),
  bucket: `rockpool-${purpose}-${crypto.randomUUID()}`,
  forcePathStyle: true,
})
