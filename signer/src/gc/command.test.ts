import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { collectHourly } from './command.ts'

const HOUR = 60 * 60 * 1000

// The timers are the test's own: an hour passes when it says so.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** Runs that end when the test ends them. */
const startHourly = () => {
  const stopping = new AbortController()
  const runs: PromiseWithResolvers<void>[] = []
  collectHourly(() => {
    const run = Promise.withResolvers<void>()
    runs.push(run)
    return run.promise
  }, stopping.signal)
  return { runs, stop: () => stopping.abort() }
}
/** What waits for a promise that was settled goes on. */
const settled = () => new Promise(setImmediate)

test('the first run is an hour from now, the next ones an hour later each', async () => {
  const { runs, stop } = startHourly()
  for (const count of [1, 2, 3]) {
    vi.advanceTimersByTime(HOUR - 1)
    expect(runs).toHaveLength(count - 1)
    vi.advanceTimersByTime(1)
    expect(runs).toHaveLength(count)
    runs.at(-1)!.resolve()
    await settled()
  }
  stop()
})

test('a run that takes longer than an hour is alone, and the next full hour has one again', async () => {
  const { runs, stop } = startHourly()
  vi.advanceTimersByTime(3 * HOUR)
  expect(runs).toHaveLength(1)
  runs[0]!.resolve()
  await settled()
  vi.advanceTimersByTime(HOUR)
  expect(runs).toHaveLength(2)
  stop()
})

test('a run that fails is no end of them', async () => {
  const { runs, stop } = startHourly()
  vi.advanceTimersByTime(HOUR)
  runs[0]!.reject(new Error('The sync backend is down.'))
  await settled()
  vi.advanceTimersByTime(HOUR)
  expect(runs).toHaveLength(2)
  stop()
})

test('stopped, it runs no more, and keeps no timer', async () => {
  const { runs, stop } = startHourly()
  vi.advanceTimersByTime(HOUR)
  runs[0]!.resolve()
  await settled()
  stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(3 * HOUR)
  expect(runs).toHaveLength(1)
})
