import { expect, it } from 'vitest'
import { createDatabase } from '../../test-support/postgres-database.ts'
import { eventsAfter } from '../../testing/events.ts'
import { postgresLogs } from './index.ts'

it('waits at its end for the appends of a log that was evicted in between', async () => {
  await using database = await createDatabase()
  const logs = await postgresLogs({ url: database.url, maxOpenLogs: 1 })
  const log = await logs.open('evicted')
  const append = (at: number) => log.append(0, eventsAfter(0, at), { sub: 'ada', at, maxBetween: 10 })
  // The second one waits for the transaction of the first one.
  const appends = [append(1), append(2)]
  await logs.open('other')
  await logs.close()
  expect(await Promise.allSettled(appends)).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }])
})
