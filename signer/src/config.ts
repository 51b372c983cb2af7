/** The signer's settings, read once at the start: a configuration, or one line with the problem. */
import type { S3StoreOptions } from '@rockpool/object-store/s3'
import type { Buckets } from '@rockpool/protocol'
import {
  booleanVariable as yesOrNo,
  type Environment,
  numberVariable as wholeNumber,
  readBuckets,
  readOrigins,
  readReceiptSecrets,
  readTokens,
  requiredVariable as required,
  type TokenSettings,
  urlVariable as httpUrl,
  variable as text,
  wrongVariable as wrong,
} from '@rockpool/access'

/** The signer's own settings, on every platform. */
export interface SignerConfig {
  readonly tokens: TokenSettings
  /** undefined: no receipts */
  readonly receiptSecret: string | undefined
  readonly buckets: Buckets
  readonly origins: readonly string[]
  /** '': URLs of the data plane use the address that each request arrived at, not its Host header */
  readonly publicBaseUrl: string
  readonly cdnBaseUrl: string | undefined
  readonly serviceRole: boolean
  /** seconds */
  readonly longestShare: number
  readonly gateway: boolean
  readonly confirmUploads: boolean
  /** sustained requests per second and user, with bursts of ten times as many; 0: no limit */
  readonly rateLimit: number
}

/**
 * The configuration of an environment. An empty variable counts as not set.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable, never its value when that is secret
 */
export const readSignerConfig = (env: Environment): SignerConfig => ({
  tokens: readTokens(env),
  receiptSecret: readReceiptSecrets(env)[0],
  buckets: readBuckets(env),
  origins: readOrigins(env),
  publicBaseUrl: httpUrl(env, 'ROCKPOOL_PUBLIC_BASE_URL') ?? '',
  cdnBaseUrl: httpUrl(env, 'ROCKPOOL_CDN_BASE_URL'),
  serviceRole: yesOrNo(env, 'ROCKPOOL_SERVICE_ROLE'),
  longestShare: wholeNumber(env, 'ROCKPOOL_LONGEST_SHARE', { unset: 3_600, least: 60, most: 604_800 }),
  gateway: yesOrNo(env, 'ROCKPOOL_GATEWAY'),
  confirmUploads: yesOrNo(env, 'ROCKPOOL_CONFIRM_UPLOADS'),
  rateLimit: wholeNumber(env, 'ROCKPOOL_RATE_LIMIT', { unset: 100, least: 0, most: 1_000_000 }),
})

/** The variables that {@link readSignerConfig} and {@link readS3} read. */
export const SIGNER_VARIABLES: readonly string[] = [
  ...['ROCKPOOL_JWT_SECRET', 'ROCKPOOL_JWT_SECRET_FORMER'],
  ...['ROCKPOOL_JWKS_URL', 'ROCKPOOL_JWT_ISSUER', 'ROCKPOOL_JWT_AUDIENCE'],
  ...['ROCKPOOL_RECEIPT_SECRET', 'ROCKPOOL_RECEIPT_SECRET_FORMER'],
  ...['ROCKPOOL_BUCKETS', 'ROCKPOOL_ALLOWED_ORIGINS', 'ROCKPOOL_PUBLIC_BASE_URL', 'ROCKPOOL_CDN_BASE_URL'],
  ...['ROCKPOOL_SERVICE_ROLE', 'ROCKPOOL_LONGEST_SHARE', 'ROCKPOOL_GATEWAY', 'ROCKPOOL_CONFIRM_UPLOADS'],
  ...['ROCKPOOL_RATE_LIMIT', 'ARTIFACT_ENDPOINT', 'ARTIFACT_PUBLIC_ENDPOINT', 'ARTIFACT_REGION', 'ARTIFACT_BUCKET'],
  ...['ARTIFACT_ACCESS_KEY', 'ARTIFACT_SECRET_KEY', 'ARTIFACT_FORCE_PATH_STYLE'],
]

/** The S3 settings of an environment. @throws as {@link readSignerConfig} */
export const readS3 = (env: Environment): S3StoreOptions => {
  const [accessKey, secretKey] = [text(env, 'ARTIFACT_ACCESS_KEY'), text(env, 'ARTIFACT_SECRET_KEY')]
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    const missing = accessKey === undefined ? 'ARTIFACT_ACCESS_KEY' : 'ARTIFACT_SECRET_KEY'
    throw wrong(missing, 'set both keys, or neither to use the default credential chain of the AWS SDK')
  }
  return {
    endpoint: httpUrl(env, 'ARTIFACT_ENDPOINT'),
    publicEndpoint: httpUrl(env, 'ARTIFACT_PUBLIC_ENDPOINT'),
    region: text(env, 'ARTIFACT_REGION') ?? 'us-east-1',
    bucket: required(env, 'ARTIFACT_BUCKET', 'the name of the S3 bucket'),
    accessKey,
    secretKey,
    forcePathStyle: yesOrNo(env, 'ARTIFACT_FORCE_PATH_STYLE'),
  }
}
