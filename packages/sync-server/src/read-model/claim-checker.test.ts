import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey, StoreId } from '@rockpool/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EventLogError, type Logs } from '../event-log/event-log.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import { testClock } from '../testing/clock.ts'
import { type MemoryDatabase, memoryDatabase } from '../test-support/memory-database.ts'
import { added, fileKey, toLogEvent } from '../testing/file-events.ts'
import { type ClaimChecks, startClaimChecker } from './claim-checker.ts'

const stored = (name: string): PoolEvent => ({
  name: 'v2.ContentStored',
  opId: `store ${name}`,
  args: { remoteKey: fileKey(name) },
})

const MINUTE = 60_000

/** Two stores, object storage that has the contents of `there`, and a checker with a pass each minute. */
const setUp = (over: Partial<ClaimChecks> = {}) => {
  const stores = new Map<StoreId, MemoryDatabase>([
    ['shop', memoryDatabase()],
    ['club', memoryDatabase()],
  ])
  const opened: StoreId[] = []
  const logs: Logs<SqlEventLog> = {
    open: async (storeId) => {
      opened.push(storeId)
      const { log } = stores.get(storeId)!
      if (broken.has(storeId)) throw new EventLogError('corrupt', `${storeId} is damaged.`)
      return log
    },
    storeIds: async () => [...stores.keys()],
    close: async () => {},
  }
  const broken = new Set<StoreId>()
  const clock = testClock()
  const asked: { readonly key: RemoteKey; readonly at: number }[] = []
  const there = new Set<RemoteKey>()
  const state = { isUnreachable: false }
  const errors: unknown[] = []
  const start = () => {
    const checker = startClaimChecker({
      ...{ logs, clock, everyMs: MINUTE, perSecond: 1, onError: (error) => void errors.push(error) },
      head: async (key) => {
        asked.push({ key, at: clock.now() })
        if (state.isUnreachable) throw new Error('unreachable')
        return there.has(key)
      },
      ...over,
    })
    onTestFinished(() => checker.stop())
    return checker
  }
  /** Moves the clock second by second; in between promises settle. */
  const pass = async (ms: number) => {
    for (let done = 0; done < ms; done += 1_000) {
      await new Promise((turned) => void setImmediate(turned))
      clock.advance(1_000)
    }
    await new Promise((turned) => void setImmediate(turned))
  }
  const keys = () => asked.map(({ key }) => key).toSorted()
  const claims = async (storeId: StoreId) => (await stores.get(storeId)!.log.readModel.claimedContents()).claims
  return { ...{ stores, opened, broken, clock, asked, there, state, errors, start, pass, keys, claims } }
}

describe('the check of claims while a server runs', () => {
  it('looks at every store after the start, at its rate, and proves what object storage has', async () => {
    const { stores, asked, there, start, pass, keys, claims } = setUp()
    await stores.get('shop')!.push(stored('a'), stored('b'))
    await stores.get('club')!.push(stored('c'))
    there.add(fileKey('a')).add(fileKey('c'))
    start()
    await pass(MINUTE - 1_000)
    expect(asked).toEqual([])
    await pass(10_000)
    expect(keys()).toEqual([fileKey('a'), fileKey('b'), fileKey('c')])
    const pauses = asked.slice(1).map(({ at }, index) => at - asked[index]!.at)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000)
    expect(await claims('shop')).toMatchObject([{ remoteKey: fileKey('b') }])
    expect(await claims('club')).toEqual([])
  })

  it('looks at a store again when it has claims that were not found, or when an event may be a new one', async () => {
    const { stores, opened, start, pass, keys, there } = setUp()
    await stores.get('shop')!.push(stored('a'))
    const checker = start()
    await pass(2 * MINUTE)
    opened.length = 0
    await pass(2 * MINUTE)
    expect(new Set(opened)).toEqual(new Set(['shop']))
    opened.length = 0
    checker.note('club', [{ ...toLogEvent(added('x')), seqNum: 1 }])
    await pass(2 * MINUTE)
    expect(opened).not.toContain('club')
    await stores.get('club')!.push(stored('b'))
    there.add(fileKey('b'))
    checker.note('club', [{ ...toLogEvent(stored('b')), seqNum: 1 }])
    await pass(2 * MINUTE)
    expect(keys()).toEqual([fileKey('a'), fileKey('b')])
  })

  it('asks again for what it did not find after the time that is set', async () => {
    const { stores, asked, there, start, pass, claims } = setUp({ recheckAfterMs: 5 * MINUTE })
    await stores.get('shop')!.push(stored('a'))
    start()
    await pass(4 * MINUTE)
    expect(asked).toHaveLength(1)
    there.add(fileKey('a'))
    await pass(5 * MINUTE)
    expect(asked).toHaveLength(2)
    expect(await claims('shop')).toEqual([])
  })

  it('reports once for each store that object storage does not respond, and checks its claims in the next pass', async () => {
    const { stores, asked, there, state, errors, start, pass, claims } = setUp()
    await stores.get('shop')!.push(stored('a'), stored('c'))
    await stores.get('club')!.push(stored('b'))
    for (const name of ['a', 'b', 'c']) there.add(fileKey(name))
    state.isUnreachable = true
    start()
    await pass(MINUTE + 10_000)
    expect([asked.length, errors.length]).toEqual([3, 2])
    state.isUnreachable = false
    await pass(MINUTE + 10_000)
    expect([await claims('shop'), await claims('club')]).toEqual([[], []])
  })

  it('reports a log that it cannot open, and checks the others', async () => {
    const { stores, broken, there, errors, start, pass, claims } = setUp()
    broken.add('shop')
    await stores.get('club')!.push(stored('b'))
    there.add(fileKey('b'))
    start()
    await pass(MINUTE + 10_000)
    expect(errors).toMatchObject([{ code: 'corrupt' }])
    expect(await claims('club')).toEqual([])
  })

  it('leaves no timer when it is stopped, between two passes and within one', async () => {
    for (const ms of [10_000, MINUTE + 1_000]) {
      const { stores, clock, errors, start, pass } = setUp()
      await stores.get('shop')!.push(stored('a'), stored('b'), stored('c'))
      const checker = start()
      await pass(ms)
      expect(clock.timers).toBe(1)
      await checker.stop()
      expect([clock.timers, errors]).toEqual([0, []])
    }
  })
})
