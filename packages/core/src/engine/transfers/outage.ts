/**
 * Whether the network or the servers are away for all transfers. Then one attempt at a time asks whether they are back, at the
 * pace of the back-off: a phone without a network that has 20,000 photos to send must not try each of them every 5 min.
 */
import type { ErrorCode } from '@rockpool/protocol'
import { backoffMs } from './backoff.ts'

const SHARED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['offline', 'storage_unavailable', 'rate_limited'])

/** An attempt that lives for this time (ms) moves bytes: one that stalls ends sooner. */
const ALIVE_MS = 35_000

export interface Outage {
  /**
   * ms until transfers may start; 0: now. While one attempt asks, the time until it must have moved bytes.
   *
   * @param now ms of a clock that never goes back
   */
  waitLeft(now: number): number
  /** Whether only one transfer may start. */
  isAway(): boolean
  /** An attempt starts. */
  started(id: string, now: number): void
  /** An attempt ended: with an error, well (`undefined`), or because somebody stopped it (`interrupted`). */
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
      // Those that were under way when the first one failed say nothing new.
      if (failures > 0 && !isProbe) return
      failures++
      until = now + backoffMs(failures, random)
    },
    over,
  }
}
