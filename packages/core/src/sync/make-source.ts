import { makeListeners } from '../listeners.ts'
import { sameSyncStatus, type SyncStatus, type SyncStatusSource } from './sync-status.ts'

/** A source that is set from outside. Setting the same status again notifies no listener. */
export interface SettableSyncStatus extends SyncStatusSource {
  set(status: SyncStatus): void
}

export const makeSyncStatusSource = (initial: SyncStatus): SettableSyncStatus => {
  const listeners = makeListeners<SyncStatus>()
  let current = initial
  return {
    get current() {
      return current
    },
    subscribe: listeners.add,
    set(status) {
      if (sameSyncStatus(current, status)) return
      current = status
      listeners.emit(status)
    },
  }
}
