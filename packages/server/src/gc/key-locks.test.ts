import type { RemoteKey } from '@rockpool/protocol'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { keyLocksSuite } from '../testing/key-locks-suite.ts'
import { DELETE_MS, LEASE_MS, memoryKeyLocks } from './key-locks.ts'

keyLocksSuite((clock) => {
  const locks = memoryKeyLocks(clock)
  return { uploader: locks, collector: locks }
})

it('ends an exclusive lock that is not released when no delete can take effect any more', async () => {
  const clock = testClock()
  const locks = memoryKeyLocks(clock)
  const key = 'reef/files/a' as RemoteKey
  const first = await locks.tryExclusive([key])
  clock.advance(10 * LEASE_MS)
  expect((await locks.tryExclusive([key])).keys.size).toBe(0)
  first.end()
  clock.advance(DELETE_MS)
  expect((await locks.tryExclusive([key])).keys.size).toBe(0)
  clock.advance(LEASE_MS - DELETE_MS)
  const second = await locks.tryExclusive([key])
  expect(second.keys.size).toBe(1)
  await first.release([key])
  expect((await locks.tryExclusive([key])).keys.size).toBe(0)
})
