import type { BlobStore } from '@rockpool/core'
import { opfsBlobStoreDirect } from './direct.ts'
import { withWorker } from './worker-client.ts'

/**
 * Opens a store's blobs in the browser's origin private file system. Reads go straight to disk, writes through a dedicated
 * worker with sync access handles.
 *
 * @throws RockpoolError `unsupported` where OPFS is missing or blocked
 */
export const opfsBlobStore = async ({ storeId }: { readonly storeId: string }): Promise<BlobStore> =>
  withWorker(
    storeId,
    await opfsBlobStoreDirect({ storeId }),
    // In this very form bundlers find the worker; Vite takes `.js` for the `.ts` beside it when it reads source.
    () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: `rockpool-${storeId}` }),
  )
