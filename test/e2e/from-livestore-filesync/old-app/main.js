/** `?token=` is for the gateway of this origin, `?sync=` the URL of sync-cf. The test drives `window.old`. */
import { makePersistedAdapter } from '@livestore/adapter-web'
import LiveStoreSharedWorker from '@livestore/adapter-web/shared-worker?sharedworker'
import { createStorePromise, queryDb } from '@livestore/livestore'
import { createFileSync } from '@livestore-filesync/core'
import { layer } from '@livestore-filesync/opfs'
import LiveStoreWorker from './livestore.worker.js?worker'
import { events, schema, tables } from './schema.js'

const query = new URLSearchParams(location.search)
const store = await createStorePromise({
  schema,
  storeId: 'shop',
  adapter: makePersistedAdapter({
    storage: { type: 'opfs' },
    worker: LiveStoreWorker,
    sharedWorker: LiveStoreSharedWorker,
  }),
  syncPayload: { syncUrl: query.get('sync'), token: query.get('token') },
  batchUpdates: (run) => run(),
  confirmUnsavedChanges: false,
})
const fileSync = createFileSync({
  store,
  schema: { tables, events, queryDb },
  fileSystem: layer(),
  remote: { signerBaseUrl: `${location.origin}/signer/gateway`, authToken: query.get('token') },
  options: { healthCheckIntervalMs: 500 },
})
fileSync.start()

const fileOf = (seed, size, type) => {
  const head = new TextEncoder().encode(seed).slice(0, size)
  return new File([head, new Uint8Array(size - head.length)], seed, { type })
}

window.old = {
  /** Saves what `bytesOf(seed, size)` gives. @returns the id */
  save: async (seed, size, type = 'image/png') => (await fileSync.saveFile(fileOf(seed, size, type))).fileId,
  update: async (id, seed, size, type = 'image/png') => void (await fileSync.updateFile(id, fileOf(seed, size, type))),
  remove: (id) => fileSync.deleteFile(id),
  /** all records, removed ones included */
  files: () => store.query(queryDb(tables.files.where({}))),
  /** SHA-256 of a file that this device opens, as hex */
  opened: async (id) => {
    const url = await fileSync.resolveFileUrl(id)
    const digest = await crypto.subtle.digest('SHA-256', await (await fetch(url)).arrayBuffer())
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  },
}
