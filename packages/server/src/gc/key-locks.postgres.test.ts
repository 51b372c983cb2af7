import type { RemoteKey } from '@rockpool/protocol'
import { type Clock, systemClock } from '@rockpool/sync-server'
import { expect, it } from 'vitest'
import { keyLocksSuite } from '../testing/key-locks-suite.ts'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { postgresKeyLocks } from './postgres-key-locks.ts'

const databases = useSharedDatabases()
const open = (clock: Clock) => ({
  uploader: postgresKeyLocks(databases().first, clock),
  collector: postgresKeyLocks(databases().second, clock),
})
keyLocksSuite(open)

const KEY = 'reef/files/a' as RemoteKey
const expire = () => databases().query("UPDATE rockpool.key_locks SET expires_at = now() - interval '1 second'")

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
