/** Errors on the wire: `{ "error": { code, message } }`, and the status that belongs to each code. */
import { isObjectStoreError, toWireError as ofStore } from '@rockpool/object-store'
import {
  isRockpoolError,
  type QuotaUsage,
  RockpoolError,
  WIRE_ERRORS,
  type WireError,
  type WireErrorCode,
} from '@rockpool/protocol'

/** Retry-After of `storage_unavailable` when the storage named none. */
const RETRY_AFTER_MS = 5_000

/** An error for the client. The message says what to do, and never holds a secret or a signed URL. */
export const httpError = (
  code: WireErrorCode,
  message: string,
  options?: { cause?: unknown; retryAfterMs?: number; usage?: QuotaUsage },
) => new RockpoolError(code, message, options)

/** The error as the client sees it: known errors unchanged, all others without detail. */
export const toWireError = (error: unknown): WireError & { readonly retryAfterMs?: number } => {
  if (isObjectStoreError(error)) return toWireError(ofStore(error))
  if (isRockpoolError(error)) {
    const { code, message, retryAfterMs, usage } = error
    if (code === 'storage_unavailable' || code === 'rate_limited') {
      return { code, message, retryAfterMs: retryAfterMs ?? RETRY_AFTER_MS }
    }
    if (code in WIRE_ERRORS) return { code: code as WireErrorCode, message, ...(usage && { usage }) }
  }
  return {
    code: 'storage_unavailable',
    message: 'The signer failed. Try again; its log has the cause under the x-request-id of this response.',
    retryAfterMs: RETRY_AFTER_MS,
  }
}

/** The HTTP response for an error. */
export const errorResponse = (error: unknown, headers: Record<string, string> = {}): Response => {
  const { retryAfterMs, ...wire } = toWireError(error)
  const { code } = wire
  const response = Response.json({ error: wire }, { status: WIRE_ERRORS[code], headers })
  response.headers.set('cache-control', 'no-store')
  if (retryAfterMs !== undefined)
    response.headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  if (code === 'unauthenticated') response.headers.set('www-authenticate', 'Bearer')
  return response
}

/**
 * For the operator's log: codes and messages of the error and its causes, without details. Of S3's own errors
 * (the SDK's `$fault`) only the code: the message may repeat signed values.
 */
export const describeError = (error: unknown): string => {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error && texts.length < 4; at = at.cause)
    texts.push('$fault' in at ? at.name : `${at.name}: ${at.message}`)
  return texts.join(' < ') || String(error)
}
