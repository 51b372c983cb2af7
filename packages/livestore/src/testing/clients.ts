/** Real LiveStore clients in Node, and a real sync backend, for the tests of this package. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, makeSchema, Schema, State, type Store } from '@livestore/livestore'
import { makeWsSync } from '@livestore/sync-cf/client'
import type { Right } from '@rockpool/protocol'
import { SignJWT } from 'jose'
import { rockpoolEvents } from '../records/events.ts'
import { rockpoolMaterializers } from '../records/materializers.ts'
import { rockpoolTables } from '../records/tables.ts'
import { type EmbeddedSyncBackend, startSyncBackend, type SyncBackendOptions } from '../sync-backend/embedded.ts'

export const schema = makeSchema({
  events: rockpoolEvents,
  state: State.SQLite.makeState({ tables: rockpoolTables, materializers: rockpoolMaterializers }),
  unknownEventHandling: { strategy: 'ignore' },
})

export const SECRET = 'a secret of the tests, 32 bytes at least'

export interface TokenOptions {
  readonly sub?: string
  readonly rights?: readonly Right[]
  readonly secret?: string
  /** seconds from now */
  readonly expiresIn?: number
}

export const tokenFor = (
  storeId: string,
  { sub = 'ada', rights = ['read', 'write', 'delete'], secret = SECRET, expiresIn = 3_600 }: TokenOptions = {},
): Promise<string> =>
  new SignJWT({ stores: { [storeId]: rights } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(new TextEncoder().encode(secret))

const SyncPayload = Schema.Struct({ authToken: Schema.String })

export interface ClientOptions {
  readonly storeId: string
  readonly clientId: string
  /** none: a store that never syncs */
  readonly backend?: { readonly url: string; readonly token: string }
}

/** One client: a store with its own id, all in memory. Shut it down with `store.shutdownPromise()`. */
export const openClient = ({ storeId, clientId, backend }: ClientOptions): Promise<Store<typeof schema>> =>
  createStorePromise({
    schema,
    storeId,
    adapter: makeAdapter({
      storage: { type: 'in-memory' },
      clientId,
      ...(backend && {
        sync: {
          backend: makeWsSync({ url: backend.url }),
          initialSyncOptions: { _tag: 'Blocking', timeout: 5_000 },
          onBackendIdMismatch: 'shutdown',
        },
      }),
    }),
    batchUpdates: (run) => run(),
    disableDevtools: true,
    ...(backend && { syncPayloadSchema: SyncPayload, syncPayload: { authToken: backend.token } }),
  })

/** A sync backend with a folder of its own, both gone after `stop`. */
export const startTestBackend = async (options: Partial<SyncBackendOptions> = {}): Promise<EmbeddedSyncBackend> => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rockpool-sync-'))
  const backend = await startSyncBackend({ dataDir, secrets: [SECRET], ...options })
  return {
    url: backend.url,
    async stop() {
      await backend.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Resolves as soon as `condition` holds, looked at after each change of the store's tables or sync status. */
export const until = (store: Store<any, any>, condition: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    let done = false
    const look = () => {
      if (done || !condition()) return
      done = true
      queueMicrotask(() => {
        endRows()
        endStatus()
      })
      resolve()
    }
    const endRows = store.subscribe(rockpoolTables.appliedOperations.count(), look)
    const endStatus = store.subscribeSyncStatus(look)
  })
