import type { Store } from '@livestore/livestore'
import { createPool, fetchSigner, openSession, type Pool, type PoolOptions, type Session } from '@rockpool/core'
import { isDevelopment, liveStoreLog } from '@rockpool/livestore'
import { indexedDbIndex, opfsBlobStore } from '@rockpool/opfs'
import { defaultWorkerUrl } from './default-worker-url.ts'
import { replyToWorker, controlledBy } from './service-worker.ts'
import { warnOfSyncTrouble } from './sync-warnings.ts'

export interface OpenPoolOptions extends Pick<PoolOptions, 'buckets' | 'connections' | 'checksPerMinute'> {
  /** a LiveStore store whose schema has `rockpoolTables`, `rockpoolEvents` and `rockpoolMaterializers` */
  readonly store: Store<any, any>
  readonly signer: {
    /** the signer's base URL, `/signer` for example */
    readonly url: string
    /** a JWT for the signed-in user; called again before the last one expires */
    readonly token: () => Promise<string>
    /**
     * URL of your server that responds `{ "token": "…" }` to a POST with the user's login cookie. The service worker uses it when a
     * token has expired and no page of the app is open
     */
    readonly refreshUrl?: string
  }
  /**
   * URL of the app's service worker, in the folder of the app; `service-worker.js` below Vite's `base` when not given. false: none,
   * `pool.open` and `pool.objectUrl` still work
   */
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
  const { store, signer, serviceWorker = defaultWorkerUrl(), ...settings } = options
  const { storeId } = store
  const opened: (() => Promise<void> | void)[] = []
  try {
    const index = await indexedDbIndex({ storeId })
    opened.push(() => index.close())
    const blobs = await opfsBlobStore({ storeId })
    opened.push(() => blobs.close())
    const signerUrl = new URL(signer.url, location.href).href
    const refreshUrl =
      signer.refreshUrl === undefined ? {} : { refreshUrl: new URL(signer.refreshUrl, location.href).href }
    const session = await openSession({ storeId, index, signerUrl, token: signer.token, ...refreshUrl })
    const pool = await createPool({
      ...settings,
      ...(serviceWorker === false ? {} : { base: folderOf(serviceWorker) }),
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

const folderOf = (url: string): string => new URL('.', new URL(url, location.href)).pathname

const withServiceWorker = async (pool: Pool, url: string, session: Session): Promise<Pool> => {
  const stopAnswering = replyToWorker(pool.storeId, session)
  await controlledBy(url)
  return {
    ...pool,
    async close() {
      stopAnswering()
      await pool.close()
    },
  }
}
