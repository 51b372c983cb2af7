/** The app after its move, by MIGRATING.md: `?token=` is for this origin's server. The test drives `window.pool`. */
import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { createStorePromise } from '@livestore/livestore'
import { type ImportOptions, legacyFolder, openPool } from 'rockpool'
import LiveStoreWorker from './livestore.worker.ts?worker'
import { schema } from './schema.ts'

const token = new URLSearchParams(location.search).get('token')!
const store = await createStorePromise({
  schema,
  storeId: 'shop',
  adapter: makePersistedAdapter({
    storage: { type: 'opfs' },
    worker: LiveStoreWorker,
    sharedWorker: LiveStoreSharedWorker,
  }),
  syncPayload: { token },
  batchUpdates: (run) => run(),
  confirmUnsavedChanges: false,
})
const pool = await openPool({
  store,
  signer: { url: '/signer', token: async () => token },
  serviceWorker: '/service-worker.js',
})
const folder = legacyFolder({ storeId: store.storeId })

Object.assign(window, {
  pool,
  store,
  importLegacy: (options?: ImportOptions) => pool.importLegacy(folder, options),
})
