/**
 * Exponential back-off with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): devices of one store that lost the same
 * server do not return at the same moment.
 */

/** The first delay is below this, ms. */
export const BACKOFF_BASE_MS = 500
/** No delay is above this, ms. */
export const BACKOFF_CAP_MS = 30_000

/** @param attempt 0 after the first failure @param random in [0, 1) */
export const backoffMs = (attempt: number, random: number): number =>
  random * Math.min(BACKOFF_BASE_MS * 2 ** Math.min(attempt, 30), BACKOFF_CAP_MS)
