import { makeWorker } from '@livestore/adapter-web/worker'
import { makeWsSync } from '@livestore/sync-cf/client'
import { LogLevel } from 'effect'
import { schema } from './schema.ts'
import { connectWithToken } from './sync-token.ts'

connectWithToken()

makeWorker({
  schema,
  logLevel: LogLevel.Warning,
  sync: {
    backend: makeWsSync({ url: `${location.origin}/sync`, ping: { requestInterval: 3_000 } }),
    // Offline, the page opens with what is here after this time.
    initialSyncOptions: { _tag: 'Blocking', timeout: 1_000 },
    // A backend that lost its data must not wipe ours.
    onBackendIdMismatch: 'shutdown',
  },
})
