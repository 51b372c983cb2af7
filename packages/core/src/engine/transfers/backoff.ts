/** Retry delays. Pure. */
import type { ErrorCode } from '@rockpool/protocol'

const BASE_MS = 1_000

/** The longest wait after a failure that may pass soon: the network, a busy server. */
export const MAX_WAIT_MS = 5 * 60_000

/** The longest wait after a refusal: the server may have changed its mind, but hardly within minutes. */
export const MAX_REFUSED_WAIT_MS = 15 * 60_000

/**
 * ms until the next attempt: exponential with full jitter, at most 5 min.
 *
 * @param attempts failed attempts in a row, 1 or more
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param retryAfterMs the server's Retry-After: a minimum, capped in case a server asks for a year
 */
export const backoffMs = (attempts: number, random: number, retryAfterMs = 0): number =>
  Math.min(
    MAX_WAIT_MS,
    Math.max(retryAfterMs, Math.round(Math.min(MAX_WAIT_MS, BASE_MS * 2 ** Math.min(attempts - 1, 30)) * random)),
  )

/** ms until a refused transfer is retried: 12 to 15 min, so that devices refused together do not retry together. */
export const refusedWaitMs = (random: number): number => Math.round(MAX_REFUSED_WAIT_MS * (1 - random / 5))

const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unauthenticated',
  'forbidden',
  'bad_request',
  'bad_key',
  'too_large',
  'type_not_allowed',
  'corrupt',
  'size_mismatch',
  'not_found',
  'quota_exceeded',
  'storage_suspect',
  'unsupported',
])

/** Whether a retry within seconds would fail the same way. */
export const isRefusal = (code: ErrorCode): boolean => REFUSALS.has(code)
