/** A limit of requests per caller, in this process: a token bucket each. */

export interface RateLimitRules {
  /** sustained requests per second */
  readonly perSecond: number
  /** requests in one burst */
  readonly burst: number
}

/** A page of 1,000 thumbnails at once, and 100 a second after that. */
export const DEFAULT_RATE_LIMIT: RateLimitRules = { perSecond: 100, burst: 1_000 }

/** Callers remembered at a time: about 100 bytes each. */
const MAX_CALLERS = 100_000

/**
 * Takes a request of `caller`, which counts as `cost` requests (1 unless set; at most `burst`).
 * Returns 0 when it may pass, else the ms until it may.
 */
export type RateLimit = (caller: string, cost?: number, now?: number) => number

/** A rate limit that keeps one number per caller, the time at which its bucket is full again (GCRA). */
export const createRateLimit = ({ perSecond, burst }: RateLimitRules): RateLimit => {
  const interval = 1000 / perSecond
  /** caller to the time (ms) at which its bucket is full again; oldest entry first */
  const fullAt = new Map<string, number>()

  return (caller, cost = 1, now = performance.now()) => {
    const due = Math.max(fullAt.get(caller) ?? now, now) + interval * Math.min(cost, burst)
    const late = due - now - interval * burst
    if (late > 0) return Math.ceil(late)
    fullAt.delete(caller)
    fullAt.set(caller, due)
    // Bounded memory: a full bucket equals an unknown caller. Above the cap the oldest entry is evicted.
    for (const [oldest, full] of fullAt) {
      if (full > now && fullAt.size <= MAX_CALLERS) break
      fullAt.delete(oldest)
    }
    return 0
  }
}
