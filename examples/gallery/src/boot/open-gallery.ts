import type { Store } from '@livestore/livestore'
import { watchAppUpdate } from '@rockpool/livestore'
import { openPool, type Pool, RockpoolError } from 'rockpool'
import { buckets } from './buckets.ts'
import { openStore } from './open-store.ts'
import type { schema } from './schema.ts'
import { fetchToken, tokenUrl } from './token.ts'

/**
 * Opens the pool that the page shows. `?store=<id>` in the address bar chooses the store, `?user=<name>` who one is.
 *
 * @param onBlocked called while a tab with another release of the gallery has the store
 * @throws RockpoolError `unsupported` where the browser keeps no files (private mode, blocked storage), `other_user`
 */
export const openGallery = async (
  onBlocked: () => void,
): Promise<{ readonly pool: Pool; readonly store: Store<typeof schema> }> => {
  await assertDisk()
  const query = new URLSearchParams(location.search)
  const storeId = query.get('store') ?? 'gallery'
  const user = query.get('user') ?? 'ada'
  const token = () => fetchToken(user, storeId)
  const stopWatching = watchAppUpdate(storeId, (update) => {
    if (update === 'blocked') onBlocked()
  })
  const store = await openStore(storeId, { user }).finally(stopWatching)
  const pool = await openPool({
    store,
    buckets,
    signer: { url: '/signer', token, refreshUrl: tokenUrl(user, storeId) },
    serviceWorker: '/service-worker.js',
  })
  return { pool, store }
}

/** Checked before LiveStore, which only reports that its worker failed when the disk is not available. */
const assertDisk = async (): Promise<void> => {
  try {
    await navigator.storage.getDirectory()
  } catch (cause) {
    throw new RockpoolError(
      'unsupported',
      'This browser cannot keep files for this page. Leave private mode, allow the site to store data, and open it over https or on localhost.',
      { cause },
    )
  }
}
