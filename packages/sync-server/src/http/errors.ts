/** The errors of docs/contracts/sync-http.md: a code for programs and a sentence for people. */
import { isRockpoolError } from '@rockpool/protocol'
import { isEventLogError } from '../event-log/event-log.ts'
import { JSON_HEADERS, type Reply } from './reply.ts'

/** Codes and their HTTP status. */
export const SYNC_ERRORS = {
  bad_request: 400,
  parent_ahead: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  backend_mismatch: 409,
  too_large: 413,
  rate_limited: 429,
  storage_unavailable: 503,
} as const

export type SyncErrorCode = keyof typeof SYNC_ERRORS

export interface SyncErrorOptions {
  readonly cause?: unknown
  /** when to try again, in ms from now */
  readonly retryAfterMs?: number
  /** index of the event that is malformed */
  readonly index?: number
  /** state of the log, sent beside the error */
  readonly log?: { readonly backendId: string; readonly head: number }
  /** methods of this call */
  readonly allow?: string
}

export class SyncError extends Error {
  override readonly name = 'SyncError'
  readonly code: SyncErrorCode
  readonly details: SyncErrorOptions

  constructor(code: SyncErrorCode, message: string, details: SyncErrorOptions = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.details = details
  }
}

/** Whether `error` is a {@link SyncError}. Safe across bundles (no instanceof). */
export const isSyncError = (error: unknown): error is SyncError => error instanceof Error && error.name === 'SyncError'

/** A failure of the server itself: the client tries again after this time. */
const RETRY_AFTER_MS = 5_000

/** Whether the operator of the server has to know about `error`. Mistakes of clients are not among these. */
export const isServerFault = (error: unknown): boolean =>
  !isSyncError(error) && !isRockpoolError(error, 'unauthenticated')

/** Any error as one that a client understands. What the operator has to know stays in `cause`. */
export const toSyncError = (error: unknown): SyncError => {
  if (isSyncError(error)) return error
  if (isRockpoolError(error, 'unauthenticated'))
    return new SyncError('unauthenticated', error.message, { cause: error })
  if (isRockpoolError(error, 'rate_limited')) {
    const { retryAfterMs = RETRY_AFTER_MS } = error
    return new SyncError('rate_limited', error.message, { cause: error, retryAfterMs })
  }
  const message = isRockpoolError(error)
    ? error.message
    : isEventLogError(error) && error.code === 'no_space'
      ? 'The disk of the sync server is full. Changes stay on this device until the server has room again.'
      : 'The sync server cannot use the event log right now. Try again later.'
  return new SyncError('storage_unavailable', message, { cause: error, retryAfterMs: RETRY_AFTER_MS })
}

export const errorReply = ({ code, message, details }: SyncError): Reply => {
  const { index, log, retryAfterMs, allow } = details
  const headers = {
    ...JSON_HEADERS,
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    ...(allow !== undefined && { allow }),
    ...(code === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
  }
  const body = { error: { code, message, ...(index !== undefined && { index }) }, ...log }
  return { status: SYNC_ERRORS[code], headers, body: [JSON.stringify(body)] }
}
