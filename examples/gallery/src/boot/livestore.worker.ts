import { makeWorker } from '@livestore/adapter-web/worker'
import { makeTokenSync } from '@rockpool/livestore/sync'
import { LogLevel } from 'effect'
import { connectionReporter } from './connection.ts'
import { schema } from './schema.ts'
import { fetchToken, type SyncPayload } from './token.ts'

// A worker has one store.
let reporter: ReturnType<typeof connectionReporter> | undefined
const reporterOf = (storeId: string) => (reporter ??= connectionReporter(storeId))

makeWorker({
  schema,
  logLevel: LogLevel.Warning,
  sync: {
    backend: makeTokenSync({
      url: `${location.origin}/sync`,
      token: ({ storeId, payload }) => fetchToken((payload as SyncPayload).user, storeId),
      ping: { requestInterval: 3_000 },
      onConnection: (connected, storeId) => reporterOf(storeId)({ connected }),
      onRefusal: (refusal, storeId) => reporterOf(storeId)({ refusal }),
    }),
    // Offline, the page opens with what is here after this time.
    initialSyncOptions: { _tag: 'Blocking', timeout: 1_000 },
    // A backend that lost its data must not wipe ours.
    onBackendIdMismatch: 'shutdown',
  },
})
