/** The configuration of the server, from its settings as an environment. */
import {
  type Environment,
  numberVariable,
  readReceiptSecrets,
  urlVariable,
  variable,
  wrongVariable,
} from '@rockpool/access'
import { readS3, readSignerConfig, type SignerConfig, type StoreConfig } from '@rockpool/signer/operate'
import { isLoopback, readProxies, type TrustedProxies } from './addresses.ts'

export interface ServerConfig {
  /** folder of this server: event logs, secrets and, unless the backend is `s3`, the bytes */
  readonly dataDir: string
  readonly store: StoreConfig
  readonly signer: Omit<SignerConfig, 'publicBaseUrl'>
  /** the current one first; none: no receipts */
  readonly receiptSecrets: readonly string[]
  /** where browsers reach this server; undefined: at the loopback address that it listens on */
  readonly publicUrl: string | undefined
  readonly trustedProxies: TrustedProxies
  readonly host: string
  readonly port: number
  /** lines for the log of the start */
  readonly warnings: readonly string[]
}

const DEFAULT_DATA_DIR = '/data/storage'
const DEFAULT_PORT = 8_787

/** @throws RockpoolError `bad_request`, whose message begins with the name of the variable */
export const readServerConfig = (env: Environment): Omit<ServerConfig, 'warnings'> => {
  const host = variable(env, 'HOST') ?? '127.0.0.1'
  const publicUrl = urlVariable(env, 'ROCKPOOL_PUBLIC_URL')
  if (publicUrl === undefined && !isLoopback(host)) {
    // The Host header of a request is whatever its sender wrote.
    throw wrongVariable(
      'ROCKPOOL_PUBLIC_URL',
      `is not set: set the URL at which browsers reach this server, since it listens on ${host}`,
    )
  }
  const { publicBaseUrl: _, ...signer } = readSignerConfig({
    ...env,
    ...(publicUrl !== undefined && { ROCKPOOL_PUBLIC_BASE_URL: publicUrl }),
  })
  return {
    dataDir: variable(env, 'ROCKPOOL_DATA_DIR') ?? DEFAULT_DATA_DIR,
    store: readStore(env),
    signer,
    receiptSecrets: readReceiptSecrets(env),
    publicUrl,
    trustedProxies: readProxies(env),
    host,
    port: numberVariable(env, 'PORT', { unset: DEFAULT_PORT, least: 0, most: 65_535 }),
  }
}

/** @throws as {@link readServerConfig} */
export const readStore = (env: Environment): StoreConfig => {
  const mode = variable(env, 'ROCKPOOL_STORE') ?? 'local'
  if (mode !== 'local' && mode !== 's3' && mode !== 'hybrid') {
    throw wrongVariable('ROCKPOOL_STORE', 'it is local, s3 or hybrid')
  }
  if (mode !== 'hybrid' && variable(env, 'ROCKPOOL_CACHE_SIZE') !== undefined) {
    throw wrongVariable('ROCKPOOL_CACHE_SIZE', `it is for the backend hybrid, and the backend is ${mode}`)
  }
  const dataDir = variable(env, 'ROCKPOOL_DATA_DIR') ?? DEFAULT_DATA_DIR
  if (mode === 'local') return withoutS3(env, { mode, dataDir })
  const s3 = readS3(env)
  if (mode === 's3') return { mode, s3 }
  const cacheSize = numberVariable(env, 'ROCKPOOL_CACHE_SIZE', { unset: 0, least: 0, most: Number.MAX_SAFE_INTEGER })
  return { mode, dataDir, s3, ...(cacheSize > 0 && { cacheSize }) }
}

/** Whoever names an S3 bucket expects it to be used. */
const withoutS3 = (env: Environment, local: StoreConfig): StoreConfig => {
  if (variable(env, 'ARTIFACT_BUCKET') === undefined) return local
  throw wrongVariable(
    'ARTIFACT_BUCKET',
    'the backend is local, which uses no S3 bucket: set the backend to s3 or hybrid',
  )
}
