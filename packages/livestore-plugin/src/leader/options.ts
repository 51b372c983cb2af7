/** The options that LiveStore 0.4.0 gives its leader's sync processor, as far as ours reads them. */
import type { SyncBackend } from '@livestore/common'
import type { LiveStoreSchema } from '@livestore/common/schema'
import type { Effect } from 'effect'

export interface LeaderProcessorOptions {
  readonly schema: LiveStoreSchema
  readonly initialBlockingSyncContext: {
    update(_: { readonly pageInfo: SyncBackend.PullResPageInfo; readonly processed: number }): Effect.Effect<void>
  }
  readonly onError: 'shutdown' | 'ignore'
  readonly onBackendIdMismatch: 'reset' | 'shutdown' | 'ignore'
  readonly params: { readonly backendPushBatchSize?: number }
  readonly livePull: boolean
  readonly testing?: { readonly delays?: { readonly localPushProcessing?: Effect.Effect<void> } }
}
