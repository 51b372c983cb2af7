/** Sync server, signer and object store in this process, for development: one machine, one folder, no accounts. */
import { createHmac } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { isObjectStoreError } from '@rockpool/object-store'
import { type Buckets, type StoreId } from '@rockpool/protocol'
import type { SyncListener } from '@rockpool/sync-server/node'
import { openEventLogs } from './event-logs.ts'
import { keepPrivate, makePrivateFolder } from '../data-folder/private.ts'
import { ensureSecret } from '../data-folder/secret.ts'

export interface BackendOptions {
  /** keeps everything: the bytes of files, event logs, the secret */
  readonly dataDir: string
  /** bucket name to rules; one bucket `files` when not given */
  readonly buckets?: Buckets
}

export interface EmbeddedBackend {
  /** Responds to the signer's calls, without their prefix. The first call starts it. */
  signer(): Promise<RequestListener>
  /** Responds to the calls below {@link SYNC_PATH}. The first call starts it. */
  sync(): Promise<SyncListener>
  /** A token that gives `user` all rights in a store, for {@link TOKEN_LIFETIME}. */
  token(user: string, storeId: StoreId): Promise<string>
  /** Call it after a request that may have created files. */
  filesChanged(): void
  stop(): Promise<void>
}

/** Where the parts are mounted on the page's origin. */
export const SIGNER_PATH = '/signer'
export const SYNC_PATH = '/sync'

/** Short, so that an app's developer sees tokens being renewed. */
const TOKEN_LIFETIME = '10 minutes'

/**
 * Locks the folder. Signer and sync server start at their first request: loading them takes processor time that the page
 * needs first.
 *
 * @throws Error when another process uses the folder, or it cannot be written
 */
export const startBackend = async ({ dataDir, buckets }: BackendOptions): Promise<EmbeddedBackend> => {
  await makePrivateFolder(dataDir)
  const secret = await ensureSecret(dataDir)
  // What one secret signs must not be taken for what another one does.
  const tokenSecret = derive(secret, 'tokens')
  const urlSecret = derive(secret, 'signed URLs')
  const receiptSecret = derive(secret, 'receipts')
  // Loaded here: Node 20 has no node:sqlite, and has to get as far as the check of its version (`node-version.ts`).
  const { openLocalStore } = await import('@rockpool/object-store/local')
  const store = await openLocalStore({
    directory: join(dataDir, 'objects'),
    publicBaseUrl: SIGNER_PATH,
    secret: urlSecret,
  }).catch((error: unknown) => {
    throw isObjectStoreError(error, 'locked') ? inUse(dataDir) : error
  })
  const tightening = keepPrivate(dataDir)
  tightening.soon()

  const signer = once(async () => {
    const [{ createSigner, sharedSecretTokens }, { getRequestListener }] = await Promise.all([
      import('@rockpool/signer'),
      import('@hono/node-server'),
    ])
    const authenticate = sharedSecretTokens({ secrets: [tokenSecret] })
    const { fetch } = createSigner({
      store,
      urlSecret,
      receiptSecret,
      authenticate,
      // Vite checks the Host header itself (`server.allowedHosts`).
      trustHost: true,
      ...(buckets ? { buckets } : {}),
    })
    return getRequestListener((request) => fetch(request), { overrideGlobalObjects: false })
  })
  const sync = once(async () => {
    const [{ createSyncListener }, { hasContent, sharedSecretTokens }, logs] = await Promise.all([
      import('@rockpool/sync-server/node'),
      import('@rockpool/signer'),
      openEventLogs(dataDir),
    ])
    const authenticate = sharedSecretTokens({ secrets: [tokenSecret] })
    const receiptSecrets = [receiptSecret]
    return createSyncListener({
      logs,
      authenticate,
      receiptSecrets,
      basePath: SYNC_PATH,
      claims: { head: (remoteKey, signal) => hasContent(store, remoteKey, signal) },
      ...(buckets ? { buckets } : {}),
    })
  })

  return {
    signer,
    sync,
    async token(user, storeId) {
      const { SignJWT } = await import('jose')
      return new SignJWT({ stores: { [storeId]: ['read', 'write', 'delete'] } })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(user)
        .setExpirationTime(TOKEN_LIFETIME)
        .sign(new TextEncoder().encode(tokenSecret))
    },
    filesChanged: tightening.soon,
    async stop() {
      await Promise.allSettled([sync.started?.then((listener) => listener.close()), signer.started])
      await store.close()
      await tightening.stop()
    },
  }
}

/** Calls `start` at the first call only. `started`: its result, if it was called. */
const once = <A>(start: () => Promise<A>): (() => Promise<A>) & { readonly started: Promise<A> | undefined } => {
  let started: Promise<A> | undefined
  return Object.defineProperty(() => (started ??= start()), 'started', { get: () => started }) as never
}

const derive = (secret: string, purpose: string): string => createHmac('sha256', secret).update(purpose).digest('hex')

const inUse = (dataDir: string): Error => {
  const error = new Error(
    `Another process uses ${dataDir}. Stop it, or set ROCKPOOL_DATA_DIR to another folder for this one.`,
  )
  // One line for the person who starts the server: a stack of this code does not help them.
  error.stack = `Error: ${error.message}`
  return error
}
