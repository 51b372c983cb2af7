import { startSyncServer } from '../../node/start.ts'
import { createDatabase } from '../../test-support/postgres-database.ts'
import { SUITE_BUCKETS, SUITE_SECRET, syncServerSuite } from '../../testing/index.ts'
import { postgresLogs } from './index.ts'

syncServerSuite(
  'Node, Postgres',
  async () => {
    const database = await createDatabase()
    const start = async (port?: number) =>
      startSyncServer({
        logs: await postgresLogs({ url: database.url }),
        secrets: [SUITE_SECRET],
        buckets: SUITE_BUCKETS,
        ...(port !== undefined && { port }),
      })
    let server = await start()
    const { url } = server
    return {
      url,
      restart: async () => {
        await server.stop()
        server = await start(Number(new URL(url).port))
      },
      [Symbol.asyncDispose]: async () => {
        await server.stop()
        await database[Symbol.asyncDispose]()
      },
    }
  },
  { streams: true, closesSlowReaders: true, restarts: true },
)
