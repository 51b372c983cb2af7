/** `rockpool-signer init`: sets an S3 bucket up. Run again, it changes nothing. */
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { connectS3, type S3StoreOptions } from '@rockpool/object-store/s3'
import { refusal } from '../errors.ts'
import { merged, wantedCors, wantedLifecycle } from './bucket-settings.ts'

export interface InitOptions {
  readonly s3: S3StoreOptions
  /** exact origins of the web pages that upload and download */
  readonly origins: readonly string[]
  /** create the S3 bucket when it does not exist */
  readonly create: boolean
  /** only say what would be done */
  readonly dryRun: boolean
}

export interface InitStep {
  readonly what: string
  /** `unsupported`: the vendor has no such setting */
  readonly outcome: 'done' | 'would be done' | 'was so' | 'unsupported'
}

/**
 * Sets the S3 bucket up, and tells each step.
 *
 * @throws RockpoolError `bad_request` when it does not exist and must not be created; what S3 threw
 */
export const initBucket = async (
  { s3, origins, create, dryRun }: InitOptions,
  tell: (step: InitStep) => void,
): Promise<void> => {
  const { client, Bucket } = connectS3(s3)
  const change = async (what: string, needed: boolean, act: () => Promise<unknown>) => {
    if (!needed) return tell({ what, outcome: 'was so' })
    if (!dryRun) await act()
    tell({ what, outcome: dryRun ? 'would be done' : 'done' })
  }
  try {
    const exists = await bucketExists(client, Bucket)
    if (!exists && !create) {
      throw refusal('bad_request', `The S3 bucket "${Bucket}" does not exist. Add --create-bucket to create it.`)
    }
    const input: CreateBucketCommandInput = { Bucket }
    // AWS wants the region said, except its first one, where it must not be.
    if (s3.endpoint === undefined && s3.region !== 'us-east-1') {
      input.CreateBucketConfiguration = { LocationConstraint: s3.region as never }
    }
    await change(`S3 bucket "${Bucket}"`, !exists, () => client.send(new CreateBucketCommand(input)))

    // Of a bucket that a dry run did not create, nothing can be asked.
    const there = exists || !dryRun
    const cors = merged(there ? await corsOf(client, Bucket) : [], wantedCors(origins))
    const CORSRules = cors ?? []
    await change(`CORS for ${origins.join(', ') || 'no origin'}`, cors !== undefined, () =>
      client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } })),
    )
    const lifecycle = merged(there ? await lifecycleOf(client, Bucket) : [], wantedLifecycle())
    await change(
      'lifecycle: tmp/, incomplete uploads and noncurrent versions go after 7 days',
      lifecycle !== undefined,
      () =>
        client.send(
          new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: lifecycle ?? [] } }),
        ),
    )
    await blockPublicAccess(client, Bucket, there, change, tell)
  } finally {
    client.destroy()
  }
}

const bucketExists = async (client: S3Client, Bucket: string): Promise<boolean> => {
  try {
    await client.send(new HeadBucketCommand({ Bucket }))
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    if (statusOf(error) === 403) {
      throw refusal('bad_request', `S3 refused these credentials for the bucket "${Bucket}". Check keys and rights.`, {
        cause: error,
      })
    }
    throw error
  }
}

export const corsOf = async (client: S3Client, Bucket: string) =>
  (await orAbsent(client.send(new GetBucketCorsCommand({ Bucket }))))?.CORSRules ?? []

export const lifecycleOf = async (client: S3Client, Bucket: string) =>
  (await orAbsent(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))))?.Rules ?? []

/**
 * Without BlockPublicAcls, which is left as it is: with it Ceph 16 refuses every PUT (measured). IgnorePublicAcls makes such
 * ACLs void all the same.
 */
const BLOCKED = ['IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const

const blockPublicAccess = async (
  client: S3Client,
  Bucket: string,
  there: boolean,
  change: (what: string, needed: boolean, act: () => Promise<unknown>) => Promise<void>,
  tell: (step: InitStep) => void,
): Promise<void> => {
  const what = 'public access blocked: everything is read by presigned URL'
  try {
    const present = there
      ? (await orAbsent(client.send(new GetPublicAccessBlockCommand({ Bucket }))))?.PublicAccessBlockConfiguration
      : undefined
    const blocked = BLOCKED.every((name) => present?.[name] === true)
    const PublicAccessBlockConfiguration = { ...present, ...Object.fromEntries(BLOCKED.map((name) => [name, true])) }
    await change(what, !blocked, () =>
      client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration })),
    )
  } catch (error) {
    if (![400, 405, 501].includes(statusOf(error) ?? 0)) throw error
    tell({ what, outcome: 'unsupported' })
  }
}

/** Nothing set is a 404 of its own kind for each setting. */
const orAbsent = <A>(answer: Promise<A>): Promise<A | undefined> =>
  answer.catch((error: unknown) => {
    if (statusOf(error) === 404) return undefined
    throw error
  })

const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode
