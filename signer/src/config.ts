/** The environment of `rockpool-signer`, read once at the start: a configuration, or one line that says what is wrong. */
import { isAbsolute, resolve } from 'node:path'
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

export type StoreConfig =
  | { readonly mode: 'local'; readonly dataDir: string }
  | { readonly mode: 's3'; readonly s3: S3StoreOptions }
  | {
      readonly mode: 'hybrid'
      readonly dataDir: string
      readonly s3: S3StoreOptions
      /** bytes to keep in the folder of what S3 has too; no limit when not given */
      readonly cacheSize?: number
    }

/** What the signer itself needs, wherever it runs. */
export interface SignerConfig {
  readonly tokens: TokenSettings
  /** undefined: no receipts */
  readonly receiptSecret: string | undefined
  readonly buckets: Buckets
  readonly origins: readonly string[]
  /** '': URLs of the data plane are on the origin of each request */
  readonly publicBaseUrl: string
  readonly cdnBaseUrl: string | undefined
  readonly serviceRole: boolean
  /** seconds */
  readonly longestShare: number
  readonly gateway: boolean
  readonly confirmUploads: boolean
  /** requests a second and user in the long run, ten times as many at once; 0: no limit */
  readonly rateLimit: number
}

export interface Config extends SignerConfig {
  readonly store: StoreConfig
  /** module of the live sets for garbage collection */
  readonly liveSet: string | undefined
  readonly host: string
  readonly port: number
}

/**
 * The configuration of an environment. An empty variable counts as not set.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable, never its value when that is secret
 */
export const readConfig = (env: Environment): Config => ({
  store: readStore(env),
  ...readSignerConfig(env),
  liveSet: text(env, 'ROCKPOOL_LIVE_SET'),
  host: text(env, 'HOST') ?? '127.0.0.1',
  port: wholeNumber(env, 'PORT', { unset: 8_787, least: 0, most: 65_535 }),
})

/** @throws as {@link readConfig} */
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

/** The S3 settings of an environment. @throws as {@link readConfig} */
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

/** The object store of an environment. @throws as {@link readConfig} */
export const readStore = (env: Environment): StoreConfig => {
  const mode = text(env, 'ROCKPOOL_STORE') ?? 'local'
  if (mode !== 'local' && mode !== 's3' && mode !== 'hybrid') throw wrong('ROCKPOOL_STORE', 'it is local, s3 or hybrid')
  if (mode === 's3') return { mode, s3: readS3(env) }
  const directory = required(env, 'ROCKPOOL_DATA_DIR', 'the folder that keeps the files')
  const dataDir = isAbsolute(directory) ? directory : resolve(directory)
  if (mode === 'local') return { mode, dataDir }
  const cacheSize = wholeNumber(env, 'ROCKPOOL_CACHE_SIZE', { unset: 0, least: 0, most: Number.MAX_SAFE_INTEGER })
  return { mode, dataDir, s3: readS3(env), ...(cacheSize > 0 && { cacheSize }) }
}
