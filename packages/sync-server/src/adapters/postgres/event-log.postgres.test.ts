import { afterAll, beforeAll } from 'vitest'
import type { EventLog, Logs } from '../../event-log/event-log.ts'
import { createDatabase, type TestDatabase } from '../../test-support/postgres-database.ts'
import { type EventLogSubject, eventLogSuite } from '../../testing/event-log-suite.ts'
import { groupCommitCases } from '../../testing/group-commit-cases.ts'
import { postgresLogs } from './index.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database?.[Symbol.asyncDispose]())

const subjectOf = async (open: () => Promise<Logs>): Promise<EventLogSubject> => {
  let logs = await open()
  return {
    logs,
    reopen: async () => {
      await logs.close()
      logs = await open()
      return logs
    },
    [Symbol.asyncDispose]: async () => {
      await logs.close()
      await database.clear()
    },
  }
}

const openOne = () => postgresLogs({ url: database.url })

/** Two servers on one database, of which each gets every other call: what one has in memory, the other reads from Postgres. */
const openTwo = async (): Promise<Logs> => {
  const both = [await openOne(), await openOne()] as const
  return {
    ...both[0],
    open: async (storeId) => {
      const logs = await Promise.all(both.map((server) => server.open(storeId)))
      let calls = 0
      const next = (): EventLog => logs[calls++ % logs.length]!
      return {
        backendId: logs[0]!.backendId,
        head: () => next().head(),
        append: (...args) => next().append(...args),
        read: (...args) => next().read(...args),
        close: async () => {
          for (const log of logs) await log.close()
        },
      }
    },
    close: async () => {
      for (const server of both) await server.close()
    },
  }
}

eventLogSuite('Postgres', () => subjectOf(openOne), { restarts: true })
eventLogSuite('Postgres, two servers by turns', () => subjectOf(openTwo), { restarts: true })
groupCommitCases('Postgres', () => subjectOf(openOne))
