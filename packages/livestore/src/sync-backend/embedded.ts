/** The sync backend inside a Node process, for development, preview and tests: workerd under Miniflare. */
import type { Readable } from 'node:stream'
import type { Buckets } from '@rockpool/protocol'
import { Miniflare } from 'miniflare'
import { bundledWorker } from './bundle.ts'

export interface SyncBackendOptions {
  /** loopback; any free port when not given */
  readonly port?: number
  /** the folder that keeps the event logs */
  readonly dataDir: string
  /** one token secret or, while it is rotated, the new and the former one; 32 bytes at least */
  readonly secrets?: readonly string[]
  /** in place of secrets, an identity provider's keys; needs `issuer` and `audience`. Neither: nobody is let in */
  readonly jwksUrl?: string
  /** what the claim `iss` has to be */
  readonly issuer?: string
  /** what the claim `aud` has to be or hold */
  readonly audience?: string
  /** bucket name to rules; one bucket `files` when not given */
  readonly buckets?: Buckets
}

export interface EmbeddedSyncBackend {
  /** for `makeWsSync({ url })` */
  readonly url: string
  stop(): Promise<void>
}

/** Starts the sync backend on 127.0.0.1. What was synced is there again at the next start with the same `dataDir`. */
export const startSyncBackend = async ({
  port = 0,
  dataDir,
  secrets = [],
  jwksUrl,
  issuer,
  audience,
  buckets,
}: SyncBackendOptions): Promise<EmbeddedSyncBackend> => {
  const [secret, former] = secrets
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port,
    modules: true,
    scriptPath: await bundledWorker(),
    compatibilityDate: '2026-07-01',
    compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
    durableObjects: { SYNC_BACKEND: { className: 'SyncBackend', useSQLite: true } },
    durableObjectsPersist: dataDir,
    bindings: {
      ...(secret !== undefined && { ROCKPOOL_JWT_SECRET: secret }),
      ...(former !== undefined && { ROCKPOOL_JWT_SECRET_FORMER: former }),
      ...(jwksUrl !== undefined && { ROCKPOOL_JWKS_URL: jwksUrl }),
      ...(issuer !== undefined && { ROCKPOOL_JWT_ISSUER: issuer }),
      ...(audience !== undefined && { ROCKPOOL_JWT_AUDIENCE: audience }),
      ...(buckets && { ROCKPOOL_BUCKETS: JSON.stringify(buckets) }),
    },
    // sync-cf logs each message; what matters reaches the client as an error
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      stdout.resume()
      stderr.resume()
    },
    cf: false,
    telemetry: { enabled: false },
  })
  const url = await miniflare.ready
  return { url: url.href.replace(/\/$/, ''), stop: () => miniflare.dispose() }
}
