/** Delay before a change is retried. */

const FIRST_MS = 1000
const MAX_MS = 5 * 60_000

/**
 * Exponential backoff with full jitter, at most 5 min.
 *
 * @param attempts failed so far, 1 or more
 * @param random 0 to 1
 * @returns ms
 */
export const retryDelay = (attempts: number, random: number): number =>
  Math.round(random * Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 30)))
