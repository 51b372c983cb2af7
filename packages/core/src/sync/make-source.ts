import { sameSyncStatus, type SyncStatus, type SyncStatusSource } from './sync-status.ts'

/** A source that is set from outside. Setting the same status again notifies no listener. */
export interface SettableSyncStatus extends SyncStatusSource {
  set(status: SyncStatus): void
}

export const makeSyncStatusSource = (initial: SyncStatus): SettableSyncStatus => {
  const listeners = new Set<{ readonly listener: (status: SyncStatus) => void }>()
  let current = initial
  return {
    get current() {
      return current
    },
    subscribe(listener) {
      const entry = { listener } // the same function may listen twice
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
    set(status) {
      if (sameSyncStatus(current, status)) return
      current = status
      for (const { listener } of [...listeners]) listener(status)
    },
  }
}
