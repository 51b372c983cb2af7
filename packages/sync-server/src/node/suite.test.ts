import { memoryLogs } from '../adapters/memory.ts'
import { makeFolder, removeFolder } from '../test-support/folder.ts'
import { SUITE_BUCKETS, SUITE_SECRET, syncServerSuite } from '../testing/index.ts'
import { startSyncServer } from './start.ts'

const OPTIONS = { secrets: [SUITE_SECRET], buckets: SUITE_BUCKETS }

syncServerSuite(
  'Node, memory',
  async () => {
    const { url, stop } = await startSyncServer({ logs: memoryLogs(), ...OPTIONS })
    return { url, [Symbol.asyncDispose]: stop }
  },
  { streams: true, closesSlowReaders: true },
)

syncServerSuite(
  'Node, sqlite',
  async () => {
    const dataDir = await makeFolder()
    let server = await startSyncServer({ dataDir, ...OPTIONS })
    const { url } = server
    return {
      url,
      restart: async () => {
        await server.stop()
        server = await startSyncServer({ dataDir, port: Number(new URL(url).port), ...OPTIONS })
      },
      [Symbol.asyncDispose]: async () => {
        await server.stop()
        await removeFolder(dataDir)
      },
    }
  },
  { streams: true, closesSlowReaders: true, restarts: true },
)
