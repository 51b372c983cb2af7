/** A clock that a test moves. */
import type { Clock } from '../clock.ts'

export interface TestClock extends Clock {
  /** Moves the time, and runs the timers that are due, in their order. */
  advance(ms: number): void
  /** timers that wait */
  readonly timers: number
}

export const testClock = (start = 1_700_000_000_000): TestClock => {
  let now = start
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    now: () => now,
    setTimer: (run, ms) => {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance: (ms) => {
      const end = now + ms
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)
        if (!next) break
        timers.delete(next)
        now = Math.max(now, next.at)
        next.run()
      }
      now = end
    },
    get timers() {
      return timers.size
    },
  }
}
