import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { createStorePromise, type Store } from '@livestore/livestore'
import { LogLevel } from 'effect'
import LiveStoreWorker from './livestore.worker.ts?worker'
import { schema } from './schema.ts'
import type { SyncPayload } from './token.ts'

/** Opens the app's LiveStore store. Without a network it opens with what is on this device. */
export const openStore = async (storeId: string, syncPayload: SyncPayload): Promise<Store<typeof schema>> =>
  createStorePromise({
    schema,
    storeId,
    adapter: makePersistedAdapter({
      storage: { type: 'opfs' },
      worker: LiveStoreWorker,
      sharedWorker: LiveStoreSharedWorker,
    }),
    syncPayload: { ...syncPayload },
    batchUpdates: (run) => run(),
    // No prompt before the page closes: changes that LiveStore has not saved yet are in the pool's outbox, on disk.
    confirmUnsavedChanges: false,
    logLevel: LogLevel.Warning,
  })
