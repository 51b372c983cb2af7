/** Who waits for new events of a store, within this process. */
import type { StoreId } from '@rockpool/protocol'

export interface Appends {
  /** The store has new events. */
  report(storeId: StoreId): void
  /** Runs `listener` after each append to the store. It must not throw. @returns stops */
  watch(storeId: StoreId, listener: () => void): () => void
  /** As `watch`, for all stores. */
  watchAll(listener: (storeId: StoreId) => void): () => void
}

export const createAppends = (): Appends => {
  const byStore = new Map<StoreId, Set<() => void>>()
  const ofAll = new Set<(storeId: StoreId) => void>()
  return {
    report: (storeId) => {
      for (const listener of byStore.get(storeId) ?? []) listener()
      for (const listener of ofAll) listener(storeId)
    },
    watch: (storeId, listener) => {
      const listeners = byStore.get(storeId) ?? new Set()
      byStore.set(storeId, listeners.add(listener))
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) byStore.delete(storeId)
      }
    },
    watchAll: (listener) => {
      ofAll.add(listener)
      return () => void ofAll.delete(listener)
    },
  }
}
