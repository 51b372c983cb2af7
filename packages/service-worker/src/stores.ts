import type { BlobStore, LocalIndex } from '@rockpool/core'
import { indexedDbIndex, opfsBlobStoreDirect } from '@rockpool/opfs'
import { isRockpoolError, type StoreId } from '@rockpool/protocol'

/** One store on this device. */
export interface Store {
  readonly storeId: StoreId
  readonly blobs: BlobStore
  readonly index: LocalIndex
}

export interface Stores {
  /**
   * Runs `work` on a store that a page has opened before. Reopens it once if another tab has erased it.
   *
   * @throws RockpoolError `not_found` when this device has no such store, and what `work` throws
   */
  use<A>(storeId: StoreId, work: (store: Store) => Promise<A>): Promise<A>
}

/** The stores of this origin, each opened on first use. */
export const deviceStores = (): Stores => {
  const stores = new Map<StoreId, Promise<Store>>()

  const opened = (storeId: StoreId): Promise<Store> => {
    const open = stores.get(storeId) ?? openStore(storeId)
    stores.set(storeId, open)
    open.catch(() => stores.delete(storeId))
    return open
  }

  return {
    async use(storeId, work) {
      const store = await opened(storeId)
      try {
        return await work(store)
      } catch (error) {
        if (!isRockpoolError(error, 'closed')) throw error
        stores.delete(storeId)
        return work(await opened(storeId))
      }
    },
  }
}

/** The index first: it creates no database for a missing store, whereas OPFS would create a folder. */
const openStore = async (storeId: StoreId): Promise<Store> => {
  const index = await indexedDbIndex({ storeId, create: false })
  try {
    return { storeId, index, blobs: await opfsBlobStoreDirect({ storeId }) }
  } catch (error) {
    await index.close()
    throw error
  }
}
