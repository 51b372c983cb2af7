/** Removing what LiveStore keeps of a store on this device. */
import type { Store } from '@livestore/livestore'

/** LiveStore 0.4.0 keeps the databases of a store in this OPFS folder; the number is its persistence format. */
export const liveStoreFolder = (storeId: string): string => `livestore-${storeId}@6`

/** A worker of LiveStore lets go of its file handles a moment after the shutdown: tried so often, ms apart. */
const TRIES = 20
const PAUSE_MS = 100

/**
 * Shuts the store down in this tab and removes its OPFS folder. As best possible: LiveStore has no such call. Other tabs
 * must have shut theirs down before, or the removal is refused while they hold the files, and this rejects.
 */
export const eraseLiveStore = async (store: Store<any, any>): Promise<void> => {
  await store.shutdownPromise().catch(() => undefined) // it was shut down before
  const root = await globalThis.navigator?.storage?.getDirectory?.()
  for (let tries = 1; root; tries++) {
    try {
      return await root.removeEntry(liveStoreFolder(store.storeId), { recursive: true })
    } catch (error) {
      if ((error as DOMException).name === 'NotFoundError') return
      if (tries === TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
