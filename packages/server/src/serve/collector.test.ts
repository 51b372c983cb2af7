import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { memoryStore } from '@rockpool/object-store/memory'
import type { LiveSets } from '../gc/live-set.ts'
import { URL_SECRET } from '../testing/content.ts'
import { FIRST_RUN_MS, startCollector } from './collector.ts'
import { memoryKeyLocks } from '../gc/key-locks.ts'

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE

// The timers are the test's own: an hour passes when it says so.
const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const
beforeEach(() => void vi.useFakeTimers({ toFake: [...TIMERS] }))
afterEach(() => void vi.useRealTimers())

/** Runs that end when the test ends them. */
const startHourly = () => {
  const runs: PromiseWithResolvers<readonly never[]>[] = []
  const reported: unknown[] = []
  const liveSets: LiveSets = {
    storeIds: () => {
      const run = Promise.withResolvers<readonly never[]>()
      runs.push(run)
      return run.promise
    },
    read: async () => ({ logId: 'log', live: new Set(), named: new Set() }),
    reportLost: async () => {},
  }
  const report = (_: string, outcome: unknown) => void reported.push(outcome)
  const { stop } = startCollector({
    store: memoryStore({ publicBaseUrl: '', secret: URL_SECRET }),
    liveSets,
    keyLocks: memoryKeyLocks(),
    report,
  })
  return { runs, reported, stop }
}
/** What waits for a promise that was settled goes on. */
const settled = () => new Promise(setImmediate)

test('the first run is five minutes after the start, the next ones an hour later each', async () => {
  const { runs, stop } = startHourly()
  for (const [index, wait] of [5 * MINUTE, HOUR, HOUR].entries()) {
    const count = index + 1
    vi.advanceTimersByTime(wait - 1)
    expect(runs).toHaveLength(count - 1)
    vi.advanceTimersByTime(1)
    expect(runs).toHaveLength(count)
    runs.at(-1)!.resolve([])
    await settled()
  }
  await stop()
})

test('a run that takes longer than an hour is alone, and the next full hour has one again', async () => {
  const { runs, stop } = startHourly()
  vi.advanceTimersByTime(FIRST_RUN_MS + 2 * HOUR)
  expect(runs).toHaveLength(1)
  runs[0]!.resolve([])
  await settled()
  vi.advanceTimersByTime(HOUR)
  expect(runs).toHaveLength(2)
  runs[1]!.resolve([])
  await stop()
})

test('a run that fails is reported, and is no end of them', async () => {
  const { runs, reported, stop } = startHourly()
  vi.advanceTimersByTime(FIRST_RUN_MS)
  runs[0]!.reject(new Error('The logs cannot be listed.'))
  await settled()
  expect(reported).toEqual([expect.objectContaining({ message: 'The logs cannot be listed.' })])
  vi.advanceTimersByTime(HOUR)
  expect(runs).toHaveLength(2)
  runs[1]!.resolve([])
  await stop()
})

test('a stop waits for the run under way, and does not report it', async () => {
  const { runs, reported, stop } = startHourly()
  vi.advanceTimersByTime(FIRST_RUN_MS)
  const stopped = stop()
  runs[0]!.reject(new Error('The logs are closed.'))
  await stopped
  expect(reported).toEqual([])
})

test('stopped, it runs no more, and keeps no timer', async () => {
  const { runs, stop } = startHourly()
  vi.advanceTimersByTime(FIRST_RUN_MS)
  runs[0]!.resolve([])
  await settled()
  await stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(3 * HOUR)
  expect(runs).toHaveLength(1)
})
