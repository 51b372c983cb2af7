/** An app as it was before it used Rockpool: LiveStore's own processors, no sync backend, the same store. */
import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { createStorePromise } from '@livestore/livestore'
import LiveStoreWorker from './livestore.worker.ts?worker'
import { schema } from './schema.ts'

const store = await createStorePromise({
  schema,
  storeId: 'gallery',
  adapter: makePersistedAdapter({
    storage: { type: 'opfs' },
    worker: LiveStoreWorker,
    sharedWorker: LiveStoreSharedWorker,
  }),
  syncPayload: { user: 'ada' },
  batchUpdates: (run) => run(),
  confirmUnsavedChanges: false,
})
Object.assign(window, { store })
