/** How long a delivery that failed waits. Pure. */

const BASE_MS = 1_000

export const MAX_DELAY_MS = 5 * 60_000

/**
 * ms until the next attempt: exponential with full jitter.
 *
 * @param attempts failed attempts in a row, 1 or more
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param retryAfterMs what the receiver asked for: never sooner, at most the maximum
 */
export const retryDelay = (attempts: number, random: number, retryAfterMs = 0): number => {
  const jittered = Math.round(Math.min(MAX_DELAY_MS, BASE_MS * 2 ** Math.min(attempts - 1, 30)) * random)
  return Math.min(MAX_DELAY_MS, Math.max(retryAfterMs, jittered))
}
