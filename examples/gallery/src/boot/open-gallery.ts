import { openPool, type Pool } from 'rockpool'
import { openStore } from './open-store.ts'
import { fetchToken } from './token.ts'

/** `?store=<id>` in the address bar chooses the store. */
const STORE = 'gallery'

/**
 * Opens the pool that the page shows.
 *
 * @throws RockpoolError `unsupported` where the browser keeps no files (private mode, blocked storage)
 */
export const openGallery = async (): Promise<Pool> => {
  const storeId = new URLSearchParams(location.search).get('store') ?? STORE
  const store = await openStore(storeId)
  return openPool({
    store,
    signer: { url: '/signer', token: () => fetchToken(storeId) },
    serviceWorker: '/service-worker.js',
  })
}
