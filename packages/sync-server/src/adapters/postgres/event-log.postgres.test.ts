import { afterAll, beforeAll } from 'vitest'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { eventLogSuite } from '../../testing/event-log-suite.ts'
import { groupCommitCases } from '../../testing/group-commit-cases.ts'
import { postgresLogs } from './index.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database?.[Symbol.asyncDispose]())

const openSubject = async () => {
  const { url } = database
  let logs = await postgresLogs({ url })
  return {
    logs,
    reopen: async () => {
      await logs.close()
      logs = await postgresLogs({ url })
      return logs
    },
    [Symbol.asyncDispose]: async () => {
      await logs.close()
      await database.clear()
    },
  }
}

eventLogSuite('Postgres', openSubject, { restarts: true })
groupCommitCases('Postgres', openSubject)
