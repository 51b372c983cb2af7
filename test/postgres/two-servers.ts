/** Two real servers on one S3 bucket and one Postgres, for the tests of a file. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createdBucket, environmentOfBucket } from '@rockpool/object-store/testing'
import { beforeAll } from 'vitest'
import { TOKEN_SECRET } from '../../packages/server/src/testing/client.ts'
import { endAll, runServer, type ServerProcess } from '../../packages/server/src/testing/process.ts'
import { createDatabase } from '../../packages/sync-server/src/test-support/postgres-database.ts'
import startS3 from '../s3/global-setup.ts'

export interface RunningServer {
  readonly url: string
  readonly dataDir: string
  readonly process: ServerProcess
}

export interface TwoServers {
  readonly first: RunningServer
  readonly second: RunningServer
  readonly databaseUrl: string
}

type Settings = Readonly<Record<string, string>>

/** @param settings of both, or what makes them before both start @returns what to call in a test */
export const useTwoServers = (settings: Settings | (() => Promise<Settings>) = {}): (() => TwoServers) => {
  let servers: TwoServers
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-two-'))
    const [stopS3, database] = [await startS3(), await createDatabase()]
    const env = {
      ...environmentOfBucket(await createdBucket('two')),
      ROCKPOOL_STORE: 's3',
      ROCKPOOL_EVENT_LOG: 'postgres',
      ROCKPOOL_POSTGRES_URL: database.url,
      ROCKPOOL_JWT_SECRET: TOKEN_SECRET,
      PORT: '0',
      ...(typeof settings === 'function' ? await settings() : settings),
    }
    const serve = async (name: string): Promise<RunningServer> => {
      const dataDir = join(folder, name)
      const process = runServer(['serve'], { env: { ...env, ROCKPOOL_DATA_DIR: dataDir } })
      return { dataDir, process, url: await process.url }
    }
    const [first, second] = await Promise.all([serve('first'), serve('second')])
    servers = { first, second, databaseUrl: database.url }
    return async () => {
      await endAll()
      await database[Symbol.asyncDispose]()
      await stopS3?.()
      await rm(folder, { recursive: true })
    }
  }, 180_000)
  return () => servers
}
