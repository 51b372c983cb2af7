/** For tests: a device, as a LiveStore client in Node. */
import { makeAdapter } from '@livestore/adapter-node'
import { createStorePromise, makeSchema, State, type Store } from '@livestore/livestore'
import { rockpoolEvents, rockpoolMaterializers, rockpoolTables } from '@rockpool/livestore'
import { makeSync } from '@rockpool/livestore/sync'
import { LogLevel } from 'effect'

const schema = makeSchema({
  events: rockpoolEvents,
  state: State.SQLite.makeState({ tables: rockpoolTables, materializers: rockpoolMaterializers }),
  unknownEventHandling: { strategy: 'ignore' },
})

export type LiveClient = Store<typeof schema>

/** @param url of the server. End it with `shutdownPromise()`. */
export const openLiveClient = (url: string, storeId: string, token: string): Promise<LiveClient> =>
  createStorePromise({
    schema,
    storeId,
    adapter: makeAdapter({
      storage: { type: 'in-memory' },
      clientId: 'device',
      sync: {
        backend: makeSync({ url: `${url}/sync`, token: async () => token }),
        initialSyncOptions: { _tag: 'Skip' },
        onBackendIdMismatch: 'shutdown',
      },
    }),
    batchUpdates: (run) => run(),
    disableDevtools: true,
    logLevel: LogLevel.None,
  })
