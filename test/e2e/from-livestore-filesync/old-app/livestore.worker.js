import { makeWorker } from '@livestore/adapter-web/worker'
import { makeWsSync } from '@livestore/sync-cf/client'
import { schema } from './schema.js'

makeWorker({
  schema,
  sync: {
    backend: (options) => makeWsSync({ url: options.payload.syncUrl })(options),
    initialSyncOptions: { _tag: 'Blocking', timeout: 1_000 },
  },
})
