import { makeWorker } from '@livestore/adapter-web/worker'
import { makeSync } from '@rockpool/livestore/sync'
import { LogLevel } from 'effect'
import { schema } from './schema.ts'
import { fetchToken, type SyncPayload } from './token.ts'

makeWorker({
  schema,
  logLevel: LogLevel.Warning,
  sync: {
    backend: makeSync({
      url: `${location.origin}/sync`,
      token: ({ storeId, payload }) => fetchToken((payload as SyncPayload).user, storeId),
    }),
    // Offline, the page opens with the local state after this time.
    initialSyncOptions: { _tag: 'Blocking', timeout: 1_000 },
    // A server that lost its data must not delete the data of this device.
    onBackendIdMismatch: 'shutdown',
  },
})
