/** The sync server as a server of its own. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Authenticate, jwksTokens, sharedSecretTokens } from '@rockpool/access'
import { RockpoolError } from '@rockpool/protocol'
import { sqliteLogs } from '../adapters/sqlite/index.ts'
import type { Logs } from '../event-log/event-log.ts'
import { DEFAULT_BASE_PATH, type SyncOptions } from '../http/handler.ts'
import type { SyncServer } from '../server.ts'
import { createSyncListener } from './listener.ts'

export interface StartOptions extends Partial<Omit<SyncOptions, 'logs'>> {
  /** folder of the event logs, one file per store */
  readonly dataDir?: string
  /** in place of `dataDir`; `stop` closes them */
  readonly logs?: Logs
  /** 127.0.0.1 unless set */
  readonly host?: string
  /** any free port unless set */
  readonly port?: number
  /** one token secret or, while it is rotated, the new and the former one; at least 32 bytes each */
  readonly secrets?: readonly string[]
  /** `secrets` unless set */
  readonly receiptSecrets?: readonly string[]
  /** in place of secrets, the keys of an identity provider; needs `issuer` and `audience` */
  readonly jwksUrl?: string
  /** required value of the claim `iss` */
  readonly issuer?: string
  /** required value of the claim `aud` */
  readonly audience?: string
}

export interface RunningSyncServer {
  /** Base of all calls: `${url}/<storeId>/head`. */
  readonly url: string
  /** As {@link SyncServer.redact}. */
  readonly redact: SyncServer['redact']
  /** Ends all connections and in-flight requests, and closes the logs. */
  stop(): Promise<void>
}

/** Request headers have to arrive within this time (slow loris). The body has a limit of its own. */
const HEADERS_TIMEOUT_MS = 10_000

/**
 * Starts a sync server. What was acknowledged is in the log after a restart with the same `dataDir`.
 *
 * @throws RockpoolError `bad_request` when there is no way to verify tokens, or no place for the logs
 * @throws EventLogError `locked` when another process uses `dataDir`
 * @throws the server's own error when it cannot listen (`EADDRINUSE`)
 */
export const startSyncServer = async (options: StartOptions): Promise<RunningSyncServer> => {
  const { dataDir, host = '127.0.0.1', port = 0, basePath = DEFAULT_BASE_PATH } = options
  const { receiptSecrets = options.secrets ?? [] } = options
  const authenticate = options.authenticate ?? verifierOf(options)
  const logs = options.logs ?? (dataDir === undefined ? undefined : await sqliteLogs({ directory: dataDir }))
  if (!logs) throw new RockpoolError('bad_request', 'Set "dataDir", the folder of the event logs, or "logs".')

  const { requestListener, handleUpgrade, redact, close } = createSyncListener({
    ...options,
    authenticate,
    logs,
    receiptSecrets,
  })
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 }, requestListener)
  server.on('upgrade', handleUpgrade)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    await close()
    throw error
  }
  const { port: actualPort } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}${basePath}`,
    redact,
    stop: async () => {
      const closed = new Promise((resolve) => void server.close(resolve))
      await close()
      server.closeAllConnections()
      await closed
    },
  }
}

const verifierOf = ({ secrets = [], jwksUrl, issuer, audience }: StartOptions): Authenticate => {
  if (jwksUrl !== undefined && secrets.length === 0) {
    if (issuer !== undefined && audience !== undefined) return jwksTokens({ url: jwksUrl, issuer, audience })
    throw new RockpoolError('bad_request', '"jwksUrl" needs "issuer" and "audience".')
  }
  const [secret, former] = secrets
  if (secret === undefined || jwksUrl !== undefined) {
    throw new RockpoolError('bad_request', 'Set either "secrets" or "jwksUrl": without them no token can be verified.')
  }
  return sharedSecretTokens({
    secrets: former === undefined ? [secret] : [secret, former],
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  })
}
