import { makeWorker } from '@livestore/adapter-web/worker'
import { makeSync } from '@rockpool/livestore/sync'
import { schema } from './schema.ts'

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
