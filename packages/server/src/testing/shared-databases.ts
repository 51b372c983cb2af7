/** For tests: the database of two servers that share their event logs, as each of them sees it. */
import { postgresLogs, type PostgresDatabase } from '@rockpool/sync-server/postgres'
import { beforeAll } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../sync-server/src/test-support/postgres-database.ts'
import { ensureTables } from '../state/postgres-tables.ts'

export interface SharedDatabases {
  readonly first: PostgresDatabase
  readonly second: PostgresDatabase
  readonly query: TestDatabase['query']
}

/** Opens them before the tests of the file. @returns what to call in a test */
export const useSharedDatabases = (): (() => SharedDatabases) => {
  let opened: SharedDatabases
  beforeAll(async () => {
    const database = await createDatabase()
    const servers = await Promise.all([0, 1].map(() => postgresLogs({ url: database.url })))
    // Both find no tables.
    await Promise.all(servers.map((server) => ensureTables(server.database)))
    const [first, second] = servers.map((server) => server.database)
    opened = { first: first!, second: second!, query: database.query }
    return async () => {
      await Promise.all(servers.map((server) => server.close()))
      await database[Symbol.asyncDispose]()
    }
  })
  return () => opened
}
