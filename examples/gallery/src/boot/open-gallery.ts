import { openPool, type Pool } from 'rockpool'
import { openStore } from './open-store.ts'
import { fetchToken } from './token.ts'

/**
 * Opens the pool that the page shows. `?store=<id>` in the address bar chooses the store, `?user=<name>` who one is.
 *
 * @throws RockpoolError `unsupported` where the browser keeps no files (private mode, blocked storage), `other_user`
 */
export const openGallery = async (): Promise<Pool> => {
  const query = new URLSearchParams(location.search)
  const storeId = query.get('store') ?? 'gallery'
  const user = query.get('user') ?? 'ada'
  const token = () => fetchToken(user, storeId)
  // Offline there is no token, and the store opens without: it has no one to show it to.
  const store = await openStore(storeId, { user, authToken: await token().catch(() => '') })
  return openPool({ store, signer: { url: '/signer', token }, serviceWorker: '/service-worker.js' })
}
