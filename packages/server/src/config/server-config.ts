/** The configuration of the server, from its settings as an environment. */
import {
  type Environment,
  numberVariable,
  readReceiptSecrets,
  urlVariable,
  variable,
  wrongVariable,
} from '@rockpool/access'
import type { BucketRules } from '@rockpool/protocol'
import { readSignerConfig, type SignerConfig } from '@rockpool/signer'
import type { FileQuota, Quota } from '@rockpool/sync-server'
import type { Webhook } from '../events/webhooks/webhook.ts'
import { LOG_LEVELS, type LogLevel } from '../serve/log.ts'
import { type EventLogConfig, readEventLog } from './event-log-config.ts'
import { isLoopback, readProxies, type TrustedProxies } from './addresses.ts'
import { readWebhooks } from './webhooks.ts'
import { readDataDir, readStore, type StoreConfig } from './store-config.ts'

export interface ServerConfig {
  /** folder of this server: event logs unless they are in Postgres, secrets and, unless the backend is `s3`, the bytes */
  readonly dataDir: string
  readonly eventLog: EventLogConfig
  readonly store: StoreConfig
  readonly signer: Omit<SignerConfig, 'publicBaseUrl'>
  /** the current one first; none: no receipts */
  readonly receiptSecrets: readonly string[]
  /** where browsers reach this server; undefined: at the loopback address that it listens on */
  readonly publicUrl: string | undefined
  readonly trustedProxies: TrustedProxies
  readonly fileQuota: FileQuota
  /** of each store's event log */
  readonly logQuota: Quota
  /** who is sent events */
  readonly webhooks: readonly Webhook[]
  readonly host: string
  readonly port: number
  /** lines of the log below are not written */
  readonly logLevel: LogLevel
  /** lines for the log of the start */
  readonly warnings: readonly string[]
}

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
  if (signer.cdnBaseUrl !== undefined && Object.values(signer.buckets).some(isPublicHold)) {
    throw wrongVariable('ROCKPOOL_CDN_BASE_URL', 'a CDN serves public buckets without asking: remove "hold" from these')
  }
  return {
    dataDir: readDataDir(env),
    eventLog: readEventLog(env),
    store: readStore(env),
    signer,
    receiptSecrets: readReceiptSecrets(env),
    publicUrl,
    trustedProxies: readProxies(env),
    ...readQuotas(env),
    webhooks: readWebhooks(env),
    host,
    port: numberVariable(env, 'PORT', { unset: DEFAULT_PORT, least: 0, most: 65_535 }),
    logLevel: readLogLevel(env),
  }
}

const readQuotas = (env: Environment): Pick<ServerConfig, 'fileQuota' | 'logQuota'> => {
  const limit = (name: string) =>
    numberVariable(env, `ROCKPOOL_QUOTA_${name}`, { unset: 0, least: 0, most: Number.MAX_SAFE_INTEGER }) || undefined
  const given = (limits: Readonly<Record<string, number | undefined>>) =>
    Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))
  return {
    fileQuota: given({
      storeBytes: limit('STORE_BYTES'),
      storeFiles: limit('STORE_FILES'),
      userBytes: limit('USER_BYTES'),
      userFiles: limit('USER_FILES'),
    }),
    logQuota: given({ events: limit('LOG_EVENTS'), bytes: limit('LOG_BYTES') }),
  }
}

const isPublicHold = ({ access, hold }: BucketRules): boolean => access === 'public' && hold !== undefined

const readLogLevel = (env: Environment): LogLevel => {
  const text = variable(env, 'ROCKPOOL_LOG_LEVEL') ?? 'info'
  const level = LOG_LEVELS.find((each) => each === text)
  if (level === undefined) throw wrongVariable('ROCKPOOL_LOG_LEVEL', `it is ${LOG_LEVELS.join(', ')}`)
  return level
}
