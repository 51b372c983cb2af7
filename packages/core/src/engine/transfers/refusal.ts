/** Which failures are refusals, and how long a refused transfer waits. Pure. */
import type { ErrorCode } from '@rockpool/protocol'

/** The longest wait after a refusal: the server may have changed its mind, but hardly within minutes. */
export const MAX_REFUSED_WAIT_MS = 15 * 60_000

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
