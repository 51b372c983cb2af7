import { makeWorker } from '@livestore/adapter-web/worker'
import { makeSync } from '@rockpool/livestore/sync'
// @ts-expect-error This schema is the old app's, in JavaScript.
import { schema } from '../old-app/schema.js'

makeWorker({
  schema,
  sync: {
    backend: makeSync({
      url: `${location.origin}/sync`,
      token: async ({ payload }) => (payload as { readonly token: string }).token,
    }),
    initialSyncOptions: { _tag: 'Blocking', timeout: 1_000 },
    onBackendIdMismatch: 'shutdown',
  },
})
