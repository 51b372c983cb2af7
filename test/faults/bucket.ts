/** An S3 bucket of a world's own, which pages of other origins may reach. */
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { openS3Store, type S3Store, type S3StoreOptions } from '@rockpool/object-store/s3'
import { testBucket } from '../../packages/object-store/src/testing/test-bucket.ts'

/** What the signer's contract asks of a bucket ("CORS"). */
const corsRule = (origins: readonly string[]) => ({
  AllowedOrigins: [...origins],
  AllowedMethods: ['GET', 'HEAD', 'PUT'],
  AllowedHeaders: ['*'],
  ExposeHeaders: ['ETag', 'Content-Range', 'Content-Length', 'Accept-Ranges'],
})

export interface Bucket extends AsyncDisposable {
  readonly options: S3StoreOptions & { readonly endpoint: string }
  readonly store: S3Store
  /** Allows pages of these origins. */
  allow(origins: readonly string[]): Promise<void>
}

export const createBucket = async (): Promise<Bucket> => {
  const options = testBucket('faults')
  const { bucket: Bucket, accessKey, secretKey, endpoint, region } = options
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey!, secretAccessKey: secretKey! },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  await client.send(new CreateBucketCommand({ Bucket }))
  const store = await openS3Store(options)

  const allKeys = async () => {
    const keys: string[] = []
    for (let token: string | undefined; ;) {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, ...(token === undefined ? {} : { ContinuationToken: token }) }),
      )
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!))
      token = page.NextContinuationToken
      if (token === undefined) return keys
    }
  }

  return {
    options,
    store,
    allow: async (origins) => {
      await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [corsRule(origins)] } }))
    },
    [Symbol.asyncDispose]: async () => {
      for (const Key of await allKeys()) await client.send(new DeleteObjectCommand({ Bucket, Key }))
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
      for (const { Key, UploadId } of Uploads) {
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key: Key!, UploadId: UploadId! }))
      }
      await client.send(new DeleteBucketCommand({ Bucket }))
      await store.close()
      client.destroy()
    },
  }
}
