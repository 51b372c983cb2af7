/** Real LiveStore clients in Node, for the tests of this package. */
import { makeAdapter } from '@livestore/adapter-node'
import type { SyncOptions } from '@livestore/common'
import { createStorePromise, type LiveStoreSchema, makeSchema, State, type Store } from '@livestore/livestore'
import { Effect, LogLevel, Stream } from 'effect'
import { expect, vi } from 'vitest'
import { rockpoolEvents } from '../records/events.ts'
import { rockpoolMaterializers } from '../records/materializers.ts'
import { rockpoolTables } from '../records/tables.ts'

export const schema = makeSchema({
  events: rockpoolEvents,
  state: State.SQLite.makeState({ tables: rockpoolTables, materializers: rockpoolMaterializers }),
  unknownEventHandling: { strategy: 'ignore' },
})

export interface ClientOptions {
  readonly storeId: string
  readonly clientId: string
  /** none: a store that never syncs */
  readonly sync?: SyncOptions['backend']
  /** keeps the store's data in this folder; in memory when not given */
  readonly folder?: string
  /** Rockpool's alone when not given */
  readonly schema?: LiveStoreSchema
}

/** One client: a store with its own id. Shut it down with `store.shutdownPromise()`. */
export const openClient = ({
  storeId,
  clientId,
  sync,
  folder,
  schema: appSchema = schema,
}: ClientOptions): Promise<Store<typeof schema>> =>
  createStorePromise({
    schema: appSchema as typeof schema,
    storeId,
    adapter: makeAdapter({
      storage: folder === undefined ? { type: 'in-memory' } : { type: 'fs', baseDirectory: folder },
      clientId,
      ...(sync && {
        sync: { backend: sync, initialSyncOptions: { _tag: 'Skip' }, onBackendIdMismatch: 'shutdown' },
      }),
    }),
    batchUpdates: (run) => run(),
    disableDevtools: true,
    logLevel: LogLevel.None,
  })

/** A sync connection that can be cut and joined again, at once. */
export const cuttable = (
  backend: NonNullable<SyncOptions['backend']>,
): { readonly connection: typeof backend; readonly cut: () => void; readonly join: () => void } => {
  const latch = Effect.unsafeMakeLatch(true)
  const connection: typeof backend = (options) =>
    Effect.map(backend(options), (inner) => ({
      ...inner,
      push: (batch) => latch.whenOpen(inner.push(batch)),
      pull: (cursor, pullOptions) => inner.pull(cursor, pullOptions).pipe(Stream.tap(() => latch.await)),
    }))
  return { connection, cut: () => Effect.runSync(latch.close), join: () => Effect.runSync(latch.open) }
}

/** Resolves when `condition` holds. Looks every 5 ms. */
export const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(condition()).toBe(true), { interval: 5, timeout: 20_000 })
