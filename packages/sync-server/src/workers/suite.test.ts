import { makeFolder, removeFolder } from '../test-support/folder.ts'
import { startWorker } from '../test-support/miniflare.ts'
import { SUITE_BUCKETS, SUITE_SECRET, syncServerSuite } from '../testing/index.ts'

const BINDINGS = { ROCKPOOL_JWT_SECRET: SUITE_SECRET, ROCKPOOL_BUCKETS: SUITE_BUCKETS }

syncServerSuite(
  'Workers',
  async () => {
    const persist = await makeFolder()
    let worker = await startWorker({ bindings: BINDINGS, persist })
    const { origin } = worker
    return {
      url: `${origin}/sync`,
      evict: (storeId) => worker.evict(storeId),
      restart: async () => {
        await worker.stop()
        worker = await startWorker({ bindings: BINDINGS, persist, port: Number(new URL(origin).port) })
      },
      [Symbol.asyncDispose]: async () => {
        await worker.stop()
        await removeFolder(persist)
      },
    }
  },
  { restarts: true, hibernates: true },
)
