import { openPool, type Pool } from 'rockpool'
import { type Connection, watchConnection } from './connection.ts'
import { openStore } from './open-store.ts'
import { fetchToken } from './token.ts'

/**
 * Opens the pool that the page shows. `?store=<id>` in the address bar chooses the store, `?user=<name>` who one is.
 *
 * @throws RockpoolError `unsupported` where the browser keeps no files (private mode, blocked storage), `other_user`
 */
export const openGallery = async (): Promise<{ readonly pool: Pool; readonly connection: Connection }> => {
  const query = new URLSearchParams(location.search)
  const storeId = query.get('store') ?? 'gallery'
  const user = query.get('user') ?? 'ada'
  const token = () => fetchToken(user, storeId)
  const store = await openStore(storeId, { user })
  const pool = await openPool({ store, signer: { url: '/signer', token }, serviceWorker: '/service-worker.js' })
  return { pool, connection: watchConnection(storeId) }
}
