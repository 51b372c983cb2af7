/**
 * Circuit breaker: detects that the network or the servers are away for all transfers. Then one attempt at a time probes, at
 * the pace of the back-off: an offline phone with 20,000 photos to upload must not retry each of them every 5 min.
 */
import { backoffMs, type ErrorCode } from '@rockpool/protocol'

const SHARED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['offline', 'storage_unavailable', 'rate_limited'])

/** An attempt that runs for this time (ms) moves bytes: a stalled one is stopped sooner. */
const ALIVE_MS = 35_000

export interface Outage {
  /**
   * ms until transfers may start; 0: now. During a probe, the time until it must have moved bytes.
   *
   * @param now ms of a clock that never goes back
   */
  waitLeft(now: number): number
  /** Whether only one transfer may start. */
  isAway(): boolean
  /** An attempt starts. */
  started(id: string, now: number): void
  /** An attempt ended: with an error, successfully (`undefined`), or stopped (`interrupted`). */
  ended(id: string, how: ErrorCode | 'interrupted' | undefined, now: number, random: number): void
  /** The network works, by other evidence. */
  over(): void
}

export const makeOutage = (): Outage => {
  let failures = 0
  let until = -Infinity
  let probe: { readonly id: string; readonly since: number } | undefined
  const over = () => {
    failures = 0
    until = -Infinity
    probe = undefined
  }
  return {
    waitLeft(now) {
      if (probe && now - probe.since >= ALIVE_MS) over()
      if (probe) return probe.since + ALIVE_MS - now
      return Math.max(0, until - now)
    },
    isAway: () => failures > 0,
    started(id, now) {
      if (failures > 0) probe = { id, since: now }
    },
    ended(id, how, now, random) {
      const isProbe = probe?.id === id
      if (isProbe) probe = undefined
      if (how === 'interrupted') return
      if (how === undefined || !SHARED.has(how)) return over()
      // Failures of attempts that were under way before the first failure do not count.
      if (failures > 0 && !isProbe) return
      failures++
      until = now + backoffMs(failures, random)
    },
    over,
  }
}
