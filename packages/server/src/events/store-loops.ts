/** Work that reads the new events of a store: one run at a time for each store. */
import type { StoreId } from '@rockpool/protocol'

export interface StoreLoops {
  /** Runs the work now or, while it runs, once more after it. */
  wake(storeId: StoreId): void
  /** Resolves when no work runs. */
  ended(): Promise<void>
}

interface Loop {
  readonly ended: Promise<void>
  /** the store may have events that the work has not read */
  isStale: boolean
}

/** @param work may reject only when `signal` is aborted */
export const createStoreLoops = (work: (storeId: StoreId) => Promise<void>, signal: AbortSignal): StoreLoops => {
  const loops = new Map<StoreId, Loop>()

  const run = async (storeId: StoreId, loop: Loop) => {
    while (loop.isStale && !signal.aborted) {
      loop.isStale = false
      await work(storeId).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
    loops.delete(storeId)
  }

  return {
    wake: (storeId) => {
      const running = loops.get(storeId)
      if (running) {
        running.isStale = true
        return
      }
      const { promise: ended, resolve } = Promise.withResolvers<void>()
      const loop: Loop = { isStale: true, ended }
      loops.set(storeId, loop)
      void run(storeId, loop).then(resolve)
    },
    ended: async () => void (await Promise.all(Array.from(loops.values(), ({ ended }) => ended))),
  }
}
