import type { RemoteKey } from '@rockpool/protocol'
import { type Clock, systemClock } from '@rockpool/sync-server'
import { postgresLogs, type PostgresLogs } from '@rockpool/sync-server/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../sync-server/src/test-support/postgres-database.ts'
import { ensureTables } from '../state/postgres-tables.ts'
import { keyLocksSuite } from '../testing/key-locks-suite.ts'
import { postgresKeyLocks } from './postgres-key-locks.ts'

let database: TestDatabase
let servers: readonly PostgresLogs[]
beforeAll(async () => {
  database = await createDatabase()
  servers = await Promise.all([0, 1].map(() => postgresLogs({ url: database.url })))
  await Promise.all(servers.map((server) => ensureTables(server.database)))
})
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()))
  await database[Symbol.asyncDispose]()
})

const open = (clock: Clock) => {
  const [uploader, collector] = servers.map((server) => postgresKeyLocks(server.database, clock))
  return { uploader: uploader!, collector: collector! }
}
keyLocksSuite(open)

const KEY = 'reef/files/a' as RemoteKey
const expire = () => database.query("UPDATE rockpool.key_locks SET expires_at = now() - interval '1 second'")

it('acknowledges no upload whose lock expired and was taken by the collector', async () => {
  const { uploader, collector } = open(systemClock)
  const lock = await uploader.acquireShared(KEY, new AbortController().signal)
  await expire()
  const taken = await collector.tryExclusive([KEY])
  expect(taken.keys.size).toBe(1)
  await expect(lock.release()).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: 'This upload took over a day. Send the file again.',
  })
  // It never releases the lock of another holder.
  await expire()
  expect((await collector.tryExclusive([KEY])).keys.size).toBe(1)
  await taken.release([KEY])
  expect((await collector.tryExclusive([KEY])).keys.size).toBe(0)
})
