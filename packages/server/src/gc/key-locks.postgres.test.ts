import type { RemoteKey } from '@rockpool/protocol'
import { type Clock } from '@rockpool/sync-server'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { keyLocksSuite } from '../testing/key-locks-suite.ts'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { postgresKeyLocks, RENEW_MS } from './postgres-key-locks.ts'

const databases = useSharedDatabases()
const open = (clock: Clock) => ({
  uploader: postgresKeyLocks(databases().first, clock),
  collector: postgresKeyLocks(databases().second, clock),
})
keyLocksSuite(open)

const KEY = 'reef/files/a' as RemoteKey
const expire = () => databases().query("UPDATE rockpool.key_locks SET expires_at = now() - interval '1 second'")

it('acknowledges no upload whose lock expired and was taken by the collector', async () => {
  const { uploader, collector } = open(testClock())
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

const secondsLeft = async () =>
  (await databases().query('SELECT extract(epoch FROM expires_at - now())::float AS left FROM rockpool.key_locks'))[0]!
    .left as number

it('renews the lock of a collector, and with it the time for its deletes, until it ends', async () => {
  await databases().query('TRUNCATE rockpool.key_locks')
  const clock = testClock()
  const lock = await open(clock).collector.tryExclusive([KEY])
  const before = lock.deleteBefore()
  await databases().query("UPDATE rockpool.key_locks SET expires_at = now() + interval '1 second'")
  clock.advance(RENEW_MS)
  await expect.poll(secondsLeft).toBeGreaterThan(1)
  await expect.poll(() => lock.deleteBefore()).toBeGreaterThan(before)
  lock.end()
  expect(clock.timers).toBe(0)
})

it('gives a collector whose lock was taken no more time for deletes', async () => {
  await databases().query('TRUNCATE rockpool.key_locks')
  const clock = testClock()
  const { uploader, collector } = open(clock)
  const lock = await collector.tryExclusive([KEY, 'reef/files/b' as RemoteKey])
  const before = lock.deleteBefore()
  // It hung for longer than the lease. The other key is not taken by anybody.
  await databases().query(
    "UPDATE rockpool.key_locks SET expires_at = now() - interval '1 second' WHERE remote_key = 'reef/files/a'",
  )
  await (await uploader.acquireShared(KEY, new AbortController().signal)).release()
  clock.advance(RENEW_MS)
  await expect.poll(() => clock.timers).toBe(1)
  expect(lock.deleteBefore()).toBe(before)
  lock.end()
})
