import type { PostgresDatabase } from '@rockpool/sync-server/postgres'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { LEASE_MS, POLL_MS, startLeasedWork } from './lease.ts'

const databases = useSharedDatabases()
let tests = 0

/** Two servers that want to do the same work, and what each of them does. */
const setUp = () => {
  const name = `work ${++tests}`
  const working = new Set<string>()
  const errors: unknown[] = []
  const serve = (server: string, database: PostgresDatabase) => {
    const clock = testClock()
    const start = async () => {
      working.add(server)
      return { stop: async () => void working.delete(server) }
    }
    const work = startLeasedWork({ database, name, start, clock, onError: (error) => errors.push(error) })
    return { clock, stop: work.stop }
  }
  const expire = () =>
    databases().query(`UPDATE rockpool.leases SET expires_at = now() - interval '1 s' WHERE name = '${name}'`)
  return { serve, working, errors, expire }
}
/** Runs the timer of the next attempt, once it is set. */
const poll = async ({ clock }: { readonly clock: ReturnType<typeof testClock> }) => {
  await expect.poll(() => clock.timers).toBe(1)
  clock.advance(POLL_MS)
  await expect.poll(() => clock.timers).toBe(1)
}

it('has one server work while its holder renews the lease', async () => {
  const { serve, working } = setUp()
  const first = serve('first', databases().first)
  await expect.poll(() => [...working]).toEqual(['first'])
  const second = serve('second', databases().second)
  for (let n = 0; n < 3; n++) for (const each of [first, second]) await poll(each)
  expect([...working]).toEqual(['first'])
  await Promise.all([first.stop(), second.stop()])
})

it('hands over at once when its holder stops', async () => {
  const { serve, working } = setUp()
  const first = serve('first', databases().first)
  await expect.poll(() => [...working]).toEqual(['first'])
  const second = serve('second', databases().second)
  await first.stop()
  await poll(second)
  expect([...working]).toEqual(['second'])
  await second.stop()
})

it('ends the work of a holder that hung for longer than the lease', async () => {
  const { serve, working, expire } = setUp()
  const first = serve('first', databases().first)
  await expect.poll(() => [...working]).toEqual(['first'])
  await expire()
  const second = serve('second', databases().second)
  await expect.poll(() => [...working].toSorted()).toEqual(['first', 'second'])
  await poll(first)
  expect([...working]).toEqual(['second'])
  await Promise.all([first.stop(), second.stop()])
})

it('works on while Postgres does not respond, and ends before another server may have the lease', async () => {
  const { serve, working, errors } = setUp()
  let isAway = false
  const query: PostgresDatabase['query'] = async (work) => {
    if (isAway) throw new Error('away')
    return databases().first.query(work)
  }
  const first = serve('first', { ...databases().first, query })
  await expect.poll(() => [...working]).toEqual(['first'])
  isAway = true
  await poll(first)
  expect([...working]).toEqual(['first'])
  for (let ms = POLL_MS; ms < LEASE_MS; ms += POLL_MS) await poll(first)
  expect([...working]).toEqual([])
  expect(errors).toContainEqual(new Error('away'))
  isAway = false
  await poll(first)
  expect([...working]).toEqual(['first'])
  await first.stop()
})
