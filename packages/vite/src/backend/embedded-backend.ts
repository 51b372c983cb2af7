/** Sync backend, signer and object store in this process, for development: one machine, one folder, no accounts. */
import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { isObjectStoreError } from '@rockpool/object-store'
import { openLocalStore } from '@rockpool/object-store/local'
import { type Buckets, type StoreId } from '@rockpool/protocol'
import { secretIn } from './secret.ts'

export interface BackendOptions {
  /** keeps everything: contents, event logs, the secret */
  readonly dataDir: string
  /** bucket name to rules; one bucket `files` when not given */
  readonly buckets?: Buckets
}

export interface EmbeddedBackend {
  /** Answers the signer's calls, without their prefix. Starts it at the first call, as does the next one. */
  signer(): Promise<RequestListener>
  /** http URL of the sync backend, on a port of its own */
  syncUrl(): Promise<string>
  /** A token that gives `user` all rights in a store, for {@link TOKEN_LIFETIME}. */
  token(user: string, storeId: StoreId): Promise<string>
  stop(): Promise<void>
}

/** Where the signer is mounted on the page's origin. */
export const SIGNER_PATH = '/signer'

/** Short, so that whoever develops an app sees that tokens are renewed. */
const TOKEN_LIFETIME = '10 minutes'

/**
 * Takes the folder. Loading signer and sync backend takes over a second of processor time, so they start when they are
 * first asked for: the page server comes first.
 *
 * @throws Error when another process uses the folder, or it cannot be written
 */
export const startBackend = async ({ dataDir, buckets }: BackendOptions): Promise<EmbeddedBackend> => {
  await mkdir(dataDir, { recursive: true })
  const secret = await secretIn(dataDir)
  // The two services must not accept each other's signatures.
  const tokenSecret = derive(secret, 'tokens')
  const urlSecret = derive(secret, 'signed URLs')
  const store = await openLocalStore({
    directory: join(dataDir, 'objects'),
    publicBaseUrl: SIGNER_PATH,
    secret: urlSecret,
  }).catch((error: unknown) => {
    throw isObjectStoreError(error, 'locked') ? inUse(dataDir) : error
  })

  const signer = once(async () => {
    const [{ createSigner, sharedSecretTokens }, { getRequestListener }] = await Promise.all([
      import('@rockpool/signer'),
      import('@hono/node-server'),
    ])
    const authenticate = sharedSecretTokens({ secrets: [tokenSecret] })
    const { fetch } = createSigner({ store, urlSecret, authenticate, ...(buckets ? { buckets } : {}) })
    return getRequestListener((request) => fetch(request), { overrideGlobalObjects: false })
  })
  const sync = once(async () => {
    const { startSyncBackend } = await import('@rockpool/livestore/embedded')
    const options = { dataDir: join(dataDir, 'sync'), secrets: [tokenSecret] }
    return startSyncBackend({ ...options, ...(buckets ? { buckets } : {}) })
  })

  return {
    signer,
    syncUrl: async () => (await sync()).url,
    async token(user, storeId) {
      const { SignJWT } = await import('jose')
      return new SignJWT({ stores: { [storeId]: ['read', 'write', 'delete'] } })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(user)
        .setExpirationTime(TOKEN_LIFETIME)
        .sign(new TextEncoder().encode(tokenSecret))
    },
    async stop() {
      await Promise.allSettled([sync.started?.then((backend) => backend.stop()), signer.started])
      await store.close()
    },
  }
}

/** Calls `start` at the first call only. `started`: what it gave, if it was called. */
const once = <A>(start: () => Promise<A>): (() => Promise<A>) & { readonly started: Promise<A> | undefined } => {
  let started: Promise<A> | undefined
  return Object.defineProperty(() => (started ??= start()), 'started', { get: () => started }) as never
}

const derive = (secret: string, purpose: string): string => createHmac('sha256', secret).update(purpose).digest('hex')

const inUse = (dataDir: string): Error => {
  const error = new Error(
    `Another process uses ${dataDir}. Stop it, or set ROCKPOOL_DATA_DIR to another folder for this one.`,
  )
  // One line for whoever starts the server: where in this code it was found helps nobody.
  error.stack = `Error: ${error.message}`
  return error
}
