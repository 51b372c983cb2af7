/** How long a failed transfer waits, and which failures wait for a person. Pure. */
import type { ErrorCode } from '@rockpool/protocol'

const BASE_MS = 1_000
const CAP_MS = 5 * 60_000

/**
 * ms until the next attempt: exponential with full jitter, capped at 5 min.
 *
 * @param attempts failed attempts in a row, 1 or more
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param retryAfterMs what the server asked for: never sooner
 */
export const backoffMs = (attempts: number, random: number, retryAfterMs = 0): number =>
  Math.max(retryAfterMs, Math.round(Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempts - 1, 30)) * random))

const BLOCKING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
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

/** Whether trying again without a person's doing cannot help. */
export const isBlocking = (code: ErrorCode): boolean => BLOCKING.has(code)
