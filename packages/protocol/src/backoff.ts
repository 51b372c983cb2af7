/**
 * Exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): clients
 * that lost the same server do not return at the same moment.
 */

/** The first delay is at most this, in ms. */
const BASE_MS = 1_000

/** The longest delay. */
export const MAX_BACKOFF_MS = 5 * 60_000

/**
 * ms until the next attempt, at most 5 min.
 *
 * @param attempts failed attempts in a row, 1 or more
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param retryAfterMs the server's Retry-After: a minimum, capped in case a server asks for a year
 */
export const backoffMs = (attempts: number, random: number, retryAfterMs = 0): number => {
  const jittered = Math.round(Math.min(MAX_BACKOFF_MS, BASE_MS * 2 ** Math.min(attempts - 1, 30)) * random)
  return Math.min(MAX_BACKOFF_MS, Math.max(retryAfterMs, jittered))
}
