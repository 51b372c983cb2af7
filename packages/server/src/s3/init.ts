/** `rockpool-server init`: sets an S3 bucket up. Run again, it changes nothing. */
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { connectS3, type S3StoreOptions } from '@rockpool/object-store/s3'
import { RockpoolError } from '@rockpool/protocol'
import { WANTED_LIFECYCLE, wantedCors, withRule } from './bucket-settings.ts'
import { corsGaps } from './cors-gaps.ts'

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
  /** `unsupported`: the vendor has no such setting; the other steps go on */
  readonly outcome: 'done' | 'would be done' | 'was so' | 'unsupported'
  /** of `unsupported`: what S3 said, and what it means for the operator */
  readonly note?: string
}

/**
 * Sets the S3 bucket up, and emits each step.
 *
 * Of what a vendor does not support, only CORS is an error, and only when browsers are not let in some other way (by the
 * server's own configuration): without it nothing can be uploaded. Lifecycle can be done by hand, and whether uploads can
 * make themselves public is for the doctor to try.
 *
 * @throws RockpoolError `bad_request` when it does not exist and must not be created, or browsers are kept out; what S3 threw
 */
export const initBucket = async (options: InitOptions, emit: (step: InitStep) => void): Promise<void> => {
  const { s3, origins, create, dryRun } = options
  const { client, Bucket, presign } = connectS3(s3)
  const settle = async (what: string, change: Change) => {
    if (change && !dryRun) await change()
    emit({ what, outcome: !change ? 'was so' : dryRun ? 'would be done' : 'done' })
  }
  /** A setting that the vendor may lack. @returns whether it has it */
  const step = async (what: string, without: string, find: () => Promise<Change>): Promise<boolean> => {
    try {
      await settle(what, await find())
      return true
    } catch (error) {
      if (!isUnsupported(error)) throw error
      emit({ what, outcome: 'unsupported', note: `S3 says ${said(error as Error)}; ${without}` })
      return false
    }
  }
  try {
    const exists = await bucketExists(client, Bucket)
    if (!exists && !create) {
      throw new RockpoolError(
        'bad_request',
        `The S3 bucket "${Bucket}" does not exist. Add --create-bucket to create it.`,
      )
    }
    await settle(
      `S3 bucket "${Bucket}"`,
      exists ? undefined : () => client.send(new CreateBucketCommand(newBucket(s3))),
    )
    // Of a bucket that a dry run did not create, nothing can be asked.
    const there = exists || !dryRun

    const wanted = wantedCors(origins)
    const settable = await step(
      `CORS for ${origins.join(', ') || 'no origin: ROCKPOOL_ALLOWED_ORIGINS is not set'}`,
      'browsers get in only as the server itself is configured',
      async () => {
        const CORSRules = origins.length > 0 ? withRule(there ? await corsOf(client, Bucket) : [], wanted) : undefined
        return CORSRules && (() => client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } })))
      },
    )

    // Read once: S3 may take a while to return a rule that was just written.
    let rules: LifecycleRule[] | undefined
    for (const { rule, what, without } of WANTED_LIFECYCLE) {
      await step(`lifecycle: ${what}`, without, async () => {
        rules ??= there ? await lifecycleOf(client, Bucket) : []
        const Rules = withRule(rules, rule)
        return (
          Rules &&
          (async () => {
            await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }))
            rules = Rules
          })
        )
      })
    }

    await step(
      'public access blocked: everything is read by presigned URL',
      'keep the bucket private; the doctor tries whether uploads can make themselves public',
      async () => {
        const present = there ? await publicAccessBlockOf(client, Bucket) : undefined
        if (BLOCKED.every((name) => present?.[name] === true)) return undefined
        const block = { ...present, ...Object.fromEntries(BLOCKED.map((name) => [name, true])) }
        return () => client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: block }))
      },
    )

    if (settable) return
    const { url } = await presign.download('tmp/init', {}, 60)
    for (const origin of origins) {
      if ((await corsGaps(url, origin)).length === 0) continue
      throw new RockpoolError(
        'bad_request',
        `Browsers on ${origin} cannot use this S3 bucket: it takes no CORS. Configure it at the server; doctor says what lacks.`,
      )
    }
  } finally {
    client.destroy()
  }
}

/** Undefined: it is so already. */
type Change = (() => Promise<unknown>) | undefined

const newBucket = ({ bucket, endpoint, region }: S3StoreOptions): CreateBucketCommandInput => ({
  Bucket: bucket,
  // AWS wants the region said, except its first one, where it must not be.
  ...(endpoint === undefined && region !== 'us-east-1'
    ? { CreateBucketConfiguration: { LocationConstraint: region as never } }
    : {}),
})

const bucketExists = async (client: S3Client, Bucket: string): Promise<boolean> => {
  try {
    await client.send(new HeadBucketCommand({ Bucket }))
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    if (statusOf(error) === 403) {
      throw new RockpoolError(
        'bad_request',
        `S3 refused these credentials for the bucket "${Bucket}". Check keys and rights.`,
        {
          cause: error,
        },
      )
    }
    throw error
  }
}

export const corsOf = async (client: S3Client, Bucket: string) =>
  (await orAbsent(client.send(new GetBucketCorsCommand({ Bucket }))))?.CORSRules ?? []

export const lifecycleOf = async (client: S3Client, Bucket: string) =>
  (await orAbsent(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))))?.Rules ?? []

export const publicAccessBlockOf = async (client: S3Client, Bucket: string) =>
  (await orAbsent(client.send(new GetPublicAccessBlockCommand({ Bucket }))))?.PublicAccessBlockConfiguration

/**
 * Without BlockPublicAcls, which is left as it is: with it Ceph 16 refuses every PUT (measured). IgnorePublicAcls makes such
 * ACLs void all the same.
 */
const BLOCKED = ['IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const

/** Nothing set is a 404 of its own kind for each setting. */
const orAbsent = <A>(response: Promise<A>): Promise<A | undefined> =>
  response.catch((error: unknown) => {
    if (statusOf(error) === 404) return undefined
    throw error
  })

/** What vendors call a setting, or a rule of one, that they do not have. */
const UNSUPPORTED = new Set(['NotImplemented', 'MethodNotAllowed', 'MalformedXML', 'InvalidRequest', 'InvalidArgument'])

const isUnsupported = (error: unknown): boolean =>
  [405, 501].includes(statusOf(error) ?? 0) || UNSUPPORTED.has((error as Error).name)

/**
 * S3's own words, on one line: by them a setting that it lacks can be told from a rule that it refuses beside others. They
 * hold no secret: what a caller sent (a key's id, a token) S3 repeats in elements of its own, never in the message.
 */
const said = ({ name, message }: Error): string => {
  const words = message
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .replace(/\.$/, '')
  // The SDK's stand-ins for no message.
  return ['', name, 'UnknownError'].includes(words) ? name : `${name}: ${words}`
}

const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode
