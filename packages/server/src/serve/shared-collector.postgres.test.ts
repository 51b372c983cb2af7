/** Of several servers on one database, one collects. */
import { memoryStore } from '@rockpool/object-store/memory'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, test } from 'vitest'
import { memoryKeyLocks } from '../gc/key-locks.ts'
import { POLL_MS } from '../leases/lease.ts'
import { URL_SECRET } from '../testing/content.ts'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { startSharedCollector } from './shared-collector.ts'

const databases = useSharedDatabases()

test('collects on the server that has the lease, and on the next one when that server stops', async () => {
  const runs: string[] = []
  const failures: unknown[] = []
  const serve = (server: string, database: PostgresDatabase) => {
    const clock = testClock()
    const collector = startSharedCollector({
      database,
      clock,
      store: memoryStore({ publicBaseUrl: '', secret: URL_SECRET }),
      liveSets: {
        storeIds: async () => (runs.push(server), []),
        read: async () => ({ logId: 'log', live: new Set(), named: new Set() }),
        reportLost: async () => {},
      },
      keyLocks: memoryKeyLocks(),
      report: (_, outcome) => void failures.push(outcome),
      onError: (error) => failures.push(error),
      firstRunMs: 0,
    })
    /** Until this server has tried once more to get the lease. */
    const poll = async () => {
      await expect.poll(() => clock.timers).toBe(1)
      clock.advance(POLL_MS)
      await expect.poll(() => clock.timers).toBe(1)
    }
    return { poll, stop: collector.stop }
  }

  const first = serve('first', databases().first)
  await expect.poll(() => runs).toEqual(['first'])
  const second = serve('second', databases().second)
  for (let n = 0; n < 3; n++) await second.poll()
  expect(runs).toEqual(['first'])
  await first.stop()
  await second.poll()
  await expect.poll(() => runs).toEqual(['first', 'second'])
  await second.stop()
  expect(failures).toEqual([])
})
