/** LiveStore's sync provider of Rockpool, and the status of sync for pages. */
export { type LeaderHandle, leaders } from './leader-mark.ts'
export { makeSync, type MakeSyncOptions, type TokenRequest } from './make-sync.ts'
export type { RefusedEvent } from './push-refused-error.ts'
export {
  publishSyncStatus,
  type SyncStatusPublisher,
  type WatchedSyncStatus,
  watchSyncStatus,
} from './status-channel.ts'
