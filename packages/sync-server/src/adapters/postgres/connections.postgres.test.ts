import { expect, it } from 'vitest'
import { createDatabase } from '../../test-support/postgres-database.ts'
import { createConnections } from './connections.ts'

it('opens no connection for what still waits for one at the close', async () => {
  await using database = await createDatabase()
  const connections = createConnections(database.url, 1)
  await connections.use((sql) => sql`SELECT 1`)
  const started = Promise.withResolvers<void>()
  const calls = [1, 2, 3, 4].map(() =>
    connections.use((sql) => {
      const query = sql`SELECT pg_sleep(0.2)`.execute()
      started.resolve()
      return query
    }),
  )
  const results = Promise.allSettled(calls)
  await started.promise
  await connections.close(5)
  const [first, ...others] = await results
  const sessions = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rockpool'"
  await expect.poll(() => database.query(sessions)).toHaveLength(0)
  expect(first!.status).toBe('fulfilled')
  for (const other of others) expect(other).toMatchObject({ reason: { name: 'EventLogError', code: 'closed' } })
  await expect(connections.use((sql) => sql`SELECT 1`)).rejects.toMatchObject({ code: 'closed' })
})
