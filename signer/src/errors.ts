/** Errors on the wire: `{ "error": { code, message } }`, and the status that belongs to each code. */
import { isObjectStoreError, toWireError as ofStore } from '@rockpool/object-store'
import { isRockpoolError, RockpoolError, WIRE_ERRORS, type WireError, type WireErrorCode } from '@rockpool/protocol'

/** How long a client waits after `storage_unavailable` when the storage did not say. */
const RETRY_AFTER_MS = 5_000

/** A refusal that travels to the client. The message says what to do, and never holds a secret or a signed URL. */
export const refusal = (code: WireErrorCode, message: string, options?: { cause?: unknown; retryAfterMs?: number }) =>
  new RockpoolError(code, message, options)

/** What a client is told of any error: known refusals as they are, the rest without detail. */
export const toWireError = (error: unknown): WireError & { readonly retryAfterMs?: number } => {
  if (isObjectStoreError(error)) return toWireError(ofStore(error))
  if (isRockpoolError(error)) {
    const { code, message, retryAfterMs } = error
    if (code === 'storage_unavailable' || code === 'rate_limited') {
      return { code, message, retryAfterMs: retryAfterMs ?? RETRY_AFTER_MS }
    }
    if (code in WIRE_ERRORS) return { code: code as WireErrorCode, message }
  }
  return {
    code: 'storage_unavailable',
    message: 'The signer failed to answer. Try again; its log has the cause under the x-request-id of this answer.',
    retryAfterMs: RETRY_AFTER_MS,
  }
}

/** The answer for an error. */
export const errorResponse = (error: unknown, headers: Record<string, string> = {}): Response => {
  const { code, message, retryAfterMs } = toWireError(error)
  const response = Response.json({ error: { code, message } }, { status: WIRE_ERRORS[code], headers })
  response.headers.set('cache-control', 'no-store')
  if (retryAfterMs !== undefined)
    response.headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))))
  if (code === 'unauthenticated') response.headers.set('www-authenticate', 'Bearer')
  return response
}

/**
 * For the operator's log: codes and messages of the error and its causes, without their details. Of what S3 answered
 * (the SDK's `$fault`) only the code: its words may repeat what was signed.
 */
export const describeError = (error: unknown): string => {
  const texts: string[] = []
  for (let at: unknown = error; at instanceof Error && texts.length < 4; at = at.cause)
    texts.push('$fault' in at ? at.name : `${at.name}: ${at.message}`)
  return texts.join(' < ') || String(error)
}
