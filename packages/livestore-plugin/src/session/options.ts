/** The options that LiveStore 0.4.0 gives a tab's sync processor, as far as ours reads them. */
import type { ClientSession, MaterializeError } from '@livestore/common'
import type { LiveStoreSchema } from '@livestore/common/schema'
import type { Effect, Option } from 'effect'
import type { Event } from '../events.ts'

export interface SessionProcessorOptions {
  readonly schema: LiveStoreSchema
  readonly clientSession: ClientSession
  readonly materializeEvent: (
    event: Event,
    options: { readonly withChangeset: boolean; readonly materializerHashLeader: Option.Option<number> },
  ) => Effect.Effect<Materialized, MaterializeError>
  readonly rollback: (changeset: Uint8Array<ArrayBuffer>) => void
  readonly refreshTables: (tables: Set<string>) => void
  readonly params: { readonly leaderPushBatchSize?: number }
  readonly confirmUnsavedChanges: boolean
}

export interface Materialized {
  readonly writeTables: Set<string>
  readonly sessionChangeset: Event['meta']['sessionChangeset']
  readonly materializerHash: Option.Option<number>
}
