import type { Store } from '@livestore/livestore'
import { createPool, fetchSigner, openSession, type Pool, type PoolOptions, type Session } from '@rockpool/core'
import { isDevelopment, liveStoreLog } from '@rockpool/livestore'
import { indexedDbIndex, opfsBlobStore } from '@rockpool/opfs'
import { answerTokenRequests, controlledBy } from './service-worker.ts'
import { warnOfSyncTrouble } from './sync-warnings.ts'

export interface OpenPoolOptions extends Pick<PoolOptions, 'buckets' | 'connections' | 'checksPerMinute'> {
  /** a LiveStore store whose schema has `rockpoolTables`, `rockpoolEvents` and `rockpoolMaterializers` */
  readonly store: Store<any, any>
  readonly signer: {
    /** the signer's base URL, `/signer` for example */
    readonly url: string
    /** a JWT for the signed-in user; called again before the last one expires */
    readonly token: () => Promise<string>
  }
  /** URL of the app's service worker; `/service-worker.js` when not given; false: none, `pool.open` still works */
  readonly serviceWorker?: string | false
}

/**
 * Opens the pool of a LiveStore store: bytes on OPFS, records in the store's event log, file URLs by the service worker.
 *
 * Resolves when files can be added and read, and the service worker serves `pool.url`.
 *
 * @throws RockpoolError `unsupported` where OPFS or IndexedDB is missing or blocked (private mode), `other_user` when
 *   another user's files are on this browser, `unauthenticated`, `forbidden`
 */
export const openPool = async (options: OpenPoolOptions): Promise<Pool> => {
  const { store, signer, serviceWorker, ...settings } = options
  const { storeId } = store
  const opened: (() => Promise<void> | void)[] = []
  try {
    const index = await indexedDbIndex({ storeId })
    opened.push(() => index.close())
    const blobs = await opfsBlobStore({ storeId })
    opened.push(() => blobs.close())
    const signerUrl = new URL(signer.url, location.href).href
    const session = await openSession({ storeId, index, signerUrl, token: signer.token })
    const pool = await createPool({
      ...settings,
      log: liveStoreLog({ store }),
      blobs,
      index,
      signer: fetchSigner({ url: signerUrl, token: session.token }),
      claims: session.claims,
    })
    opened.push(() => pool.close())
    if (isDevelopment()) warnOfSyncTrouble(pool)
    return serviceWorker === false ? pool : await withServiceWorker(pool, serviceWorker, session)
  } catch (error) {
    for (const close of opened.toReversed()) await close()
    throw error
  }
}

const withServiceWorker = async (pool: Pool, url = '/service-worker.js', session: Session): Promise<Pool> => {
  const stopAnswering = answerTokenRequests(pool.storeId, session)
  await controlledBy(url)
  return {
    ...pool,
    async close() {
      stopAnswering()
      await pool.close()
    },
  }
}
