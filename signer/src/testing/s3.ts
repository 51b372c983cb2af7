/** For tests: a bucket of its own on the real S3 that `npm test` runs, and signers on it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { openHybridStore } from '@rockpool/object-store/hybrid'
import { openS3Store, type S3StoreOptions } from '@rockpool/object-store/s3'
import { serveChecksums } from '@rockpool/object-store/testing'
import { expect } from 'vitest'
import type { SignerOptions } from '../app.ts'
import { startOn, type TestSigner, URL_SECRET } from './harness.ts'

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
  bucket: `rockpool-signer-${crypto.randomUUID()}`,
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

/** The variables that name an S3 bucket to the signer. */
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

/** A signer on an S3 bucket of its own. */
export const startOnS3 = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const store = await openS3Store(await createdBucket())
  return endingOnce(await startOn(store, options), () => store.close())
}

/** As `startOnS3`, where S3 has checksums as AWS does: the store is in mode `checksum` then. */
export const startOnChecksums = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const s3 = await createdBucket()
  const proxy = await serveChecksums(s3.endpoint)
  const store = await openS3Store({ ...s3, endpoint: proxy.url })
  expect(store.integrity).toBe('checksum')
  return endingOnce(await startOn(store, options), async () => {
    await store.close()
    await proxy.close()
  })
}

/** A signer on a folder of its own, which an S3 bucket of its own follows. */
export const startOnHybrid = async (options: Partial<SignerOptions> = {}): Promise<TestSigner> => {
  const s3 = await createdBucket()
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-signer-'))
  const folder = { directory, publicBaseUrl: '', secret: URL_SECRET }
  const store = await openHybridStore({ ...folder, connect: (signal) => openS3Store(s3, signal) })
  return endingOnce(await startOn(store, options), async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })
}

const endingOnce = (started: TestSigner, after: () => Promise<void>): TestSigner => {
  let stopped: Promise<void> | undefined
  return { ...started, stop: () => (stopped ??= started.stop().then(after)) }
}
