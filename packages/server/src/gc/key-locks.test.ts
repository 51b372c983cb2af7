import type { RemoteKey } from '@rockpool/protocol'
import { testClock } from '@rockpool/sync-server/testing'
import { expect, it } from 'vitest'
import { keyLocksSuite } from '../testing/key-locks-suite.ts'
import { EXCLUSIVE_MS, memoryKeyLocks } from './key-locks.ts'

keyLocksSuite((clock) => {
  const locks = memoryKeyLocks(clock)
  return { uploader: locks, collector: locks }
})

it('ends an exclusive lock that is not released when no delete can be on its way any more', async () => {
  const clock = testClock()
  const locks = memoryKeyLocks(clock)
  const key = 'reef/files/a' as RemoteKey
  const first = await locks.tryExclusive([key])
  clock.advance(EXCLUSIVE_MS)
  const second = await locks.tryExclusive([key])
  expect(second.keys.size).toBe(1)
  await first.release([key])
  expect((await locks.tryExclusive([key])).keys.size).toBe(0)
})
