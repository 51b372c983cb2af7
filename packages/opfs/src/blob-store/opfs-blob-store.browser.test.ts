import type { BlobStore } from '@rockpool/core'
import { blobStoreSuite } from '@rockpool/core/testing'
import { opfsBlobStoreDirect } from './direct.ts'
import { opfsBlobStore } from './opfs-blob-store.ts'
import { withWorker } from './worker-client.ts'

const fixture = (open: (storeId: string) => Promise<BlobStore>) => async () => {
  const storeId = `test-${crypto.randomUUID()}`
  let store = await open(storeId)
  return {
    store,
    reopen: async () => {
      await store.close()
      return (store = await open(storeId))
    },
    [Symbol.asyncDispose]: () => store.erase(),
  }
}

blobStoreSuite(
  'OPFS, a worker with sync access handles',
  fixture((storeId) => opfsBlobStore({ storeId })),
)

blobStoreSuite(
  'OPFS, a worker with createWritable',
  fixture(async (storeId) => withWorker(storeId, await opfsBlobStoreDirect({ storeId }), workerWithoutSyncHandles)),
)

blobStoreSuite(
  'OPFS, direct',
  fixture((storeId) => opfsBlobStoreDirect({ storeId })),
)

const workerWithoutSyncHandles = () =>
  new Worker(new URL('./no-sync-handles.test-worker.js', import.meta.url), { type: 'module' })
