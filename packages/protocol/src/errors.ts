/** The closed set of error codes, with the HTTP status of those that travel over the wire (signer HTTP contract). */

/** Error codes of the signer, each with its HTTP status. */
export const WIRE_ERRORS = {
  bad_request: 400,
  bad_key: 400,
  digest_mismatch: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  type_not_allowed: 415,
  /** the file waits until a webhook or an administrator releases it */
  held: 423,
  rate_limited: 429,
  storage_unavailable: 503,
  /** the disk, the browser's quota, or the quota of the store or the user is full; `usage` has the figures of a quota */
  quota_exceeded: 507,
} as const

export type WireErrorCode = keyof typeof WIRE_ERRORS

/** Codes that arise on the device only. */
export type DeviceErrorCode =
  /** the browser lacks or blocks what the engine needs, such as OPFS; or the file has to be converted first (MIGRATING.md) */
  | 'unsupported'
  /** the source of an added file failed while it was read */
  | 'source_failed'
  /** the caller's AbortSignal fired */
  | 'aborted'
  /** a name that cannot be a file name */
  | 'bad_name'
  /** a path that leaves its bucket, or that a URL does not keep */
  | 'bad_path'
  /** a type that is not a media type */
  | 'bad_type'
  /** metadata that is not JSON, or too large */
  | 'bad_meta'
  /** no such bucket is configured */
  | 'unknown_bucket'
  /** `ifMatch` named another content than the current one */
  | 'precondition_failed'
  /** the content is neither on this device nor reachable now */
  | 'offline'
  /** the bytes on this disk are not the ones that were written */
  | 'corrupt'
  /** the record of a file names another size than its content has */
  | 'size_mismatch'
  /** erase() would lose what exists only on this device */
  | 'unsaved'
  /** another user of this browser is signed in to the store */
  | 'other_user'
  /** a newer leader has taken over, or another version of the page has upgraded the index */
  | 'superseded'
  /** the pool was closed */
  | 'closed'
  /** the object store does not have the bytes where it should */
  | 'storage_suspect'
  /** reading or writing the disk failed for another reason */
  | 'disk_failed'
  /** what should not happen: a defect of Rockpool, or of an adapter. `cause` has what was thrown */
  | 'internal'

export type ErrorCode = WireErrorCode | DeviceErrorCode

/** What is used of a quota. */
export interface QuotaUsage {
  readonly of: 'store' | 'user'
  readonly unit: 'bytes' | 'files'
  readonly used: number
  readonly limit: number
}

export const isQuotaUsage = (value: unknown): value is QuotaUsage => {
  const { of, unit, used, limit } = (value ?? {}) as Record<string, unknown>
  const isNamed = (of === 'store' || of === 'user') && (unit === 'bytes' || unit === 'files')
  return isNamed && Number.isFinite(used) && Number.isFinite(limit)
}

/** Every error that Rockpool throws: a code for programs, a sentence for people that says what to do, and the cause. */
export class RockpoolError extends Error {
  override readonly name = 'RockpoolError'
  readonly code: ErrorCode
  /** for `rate_limited` and `storage_unavailable`: when to try again, in ms from now */
  readonly retryAfterMs: number | undefined
  /** for `quota_exceeded` by a server */
  readonly usage: QuotaUsage | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number; readonly usage?: QuotaUsage } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.usage = options.usage
  }
}

/** Whether `error` is a {@link RockpoolError}, optionally with one of `codes`. Safe across bundles (no instanceof). */
export const isRockpoolError = (error: unknown, ...codes: ErrorCode[]): error is RockpoolError =>
  error instanceof Error &&
  error.name === 'RockpoolError' &&
  (codes.length === 0 || codes.includes((error as RockpoolError).code))

/** The error of work that a signal ended: the signal's reason if that is a RockpoolError, else `aborted`. */
export const aborted = (signal?: AbortSignal): RockpoolError =>
  isRockpoolError(signal?.reason)
    ? signal.reason
    : new RockpoolError('aborted', 'This was cancelled before it was done.', { cause: signal?.reason })
