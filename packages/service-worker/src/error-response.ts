import { type ErrorCode, isRockpoolError, WIRE_ERRORS } from '@rockpool/protocol'

/** Statuses of errors that occur only on a device. */
const DEVICE_ERRORS: Partial<Record<ErrorCode, number>> = {
  aborted: 499,
  corrupt: 502,
  size_mismatch: 502,
  storage_suspect: 502,
  offline: 504,
  quota_exceeded: 507,
}

/** Of a 503 without a time of the signer's (ms). */
const RETRY_AFTER_MS = 10_000

/** The response for an error: `{ error: { code, message } }`, as the signer's. An `<img>` fires `error`. */
export const errorResponse = (error: unknown): Response => {
  if (!isRockpoolError(error)) {
    console.error(error)
    return httpError(500, 'internal', 'The file could not be read on this device. Reload the page.')
  }
  const status = DEVICE_ERRORS[error.code] ?? (WIRE_ERRORS as Partial<Record<ErrorCode, number>>)[error.code] ?? 500
  const retryAfterMs = error.retryAfterMs ?? (status === 503 ? RETRY_AFTER_MS : undefined)
  const retry = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return httpError(status, error.code, error.message, retry)
}

export const httpError = (
  status: number,
  code: ErrorCode,
  message: string,
  headers: Record<string, string> = {},
): Response =>
  Response.json(
    { error: { code, message } },
    {
      status,
      headers: {
        ...headers,
        'cache-control': 'no-store',
        'content-security-policy': "sandbox; default-src 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      },
    },
  )
