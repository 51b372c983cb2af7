/** Removing what LiveStore keeps of a store in this browser. */

/** LiveStore 0.4.0 keeps the databases of a store in this OPFS folder; the number is its persistence format. */
export const liveStoreFolder = (storeId: string): string => `livestore-${storeId}@6`

/** LiveStore's worker closes its file handles a moment after the shutdown, so the removal is retried. */
const MAX_TRIES = 20
const PAUSE_MS = 100

/**
 * Removes the OPFS folder of a store that was shut down: LiveStore has no such call. While another tab has the files open,
 * the browser refuses, and this rejects after 2 s.
 */
export const removeOpfsFolder = async (storeId: string): Promise<void> => {
  const root = await globalThis.navigator?.storage?.getDirectory?.()
  if (!root) return // not in a browser: nothing of a store is kept here
  for (let tries = 1; ; tries++) {
    try {
      return await root.removeEntry(liveStoreFolder(storeId), { recursive: true })
    } catch (error) {
      if ((error as DOMException).name === 'NotFoundError') return
      if (tries === MAX_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
}
