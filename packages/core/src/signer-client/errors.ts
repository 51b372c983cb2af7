/** From what went wrong with a call to the one error that says so. */
import {
  isQuotaUsage,
  parseRetryAfter,
  RockpoolError,
  WIRE_ERRORS,
  type WireError,
  type WireErrorCode,
} from '@rockpool/protocol'

export const offline = (url: string, cause: unknown): RockpoolError =>
  new RockpoolError('offline', `The signer at ${url} cannot be reached. The transfer is retried.`, { cause })

/** The code lets transfers wait and retry, as without a network. The state of sync says `token_failed`. */
export const noToken = (cause: unknown): RockpoolError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new RockpoolError(
    'offline',
    `The app's token function failed (${reason}). It is called again with the next transfer.`,
    { cause },
  )
}

export const notASigner = (url: string, status: number): RockpoolError =>
  new RockpoolError(
    'storage_unavailable',
    `The server at ${url} (status ${status}) is not a Rockpool signer of this version. Check signer.url and the proxies on the way.`,
  )

/** The error in the signer's response, or what the status alone says when something else responded. */
export const errorOfResponse = (response: Response, body: string, url: string, now: number): RockpoolError => {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now)
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs }
  const wire = signerError(body)
  if (wire) return new RockpoolError(wire.code, wire.message, { ...retry, ...(wire.usage && { usage: wire.usage }) })
  const { status } = response
  if (status === 401) return new RockpoolError('unauthenticated', 'The signer does not take this token. Sign in again.')
  if (status === 429) return new RockpoolError('rate_limited', 'Too many requests. They continue more slowly.', retry)
  if (status >= 500) {
    return new RockpoolError(
      'storage_unavailable',
      `The signer responded with status ${status}. The call is retried.`,
      retry,
    )
  }
  return notASigner(url, status)
}

/** The signer's own error in a response; undefined when something else responded. */
export const signerError = (body: string): WireError | undefined => {
  const error = errorIn(body)
  return error !== undefined && Object.hasOwn(WIRE_ERRORS, error.code)
    ? { ...error, code: error.code as WireErrorCode }
    : undefined
}

/** Why the signer of a development server did not start, in its words. */
export const startFailure = (body: string): string | undefined => {
  const error = errorIn(body)
  return error?.code === 'server_failed_to_start' ? error.message : undefined
}

const errorIn = (body: string): (Omit<WireError, 'code'> & { readonly code: string }) | undefined => {
  try {
    const { code, message, usage } = (JSON.parse(body) as { readonly error: Record<string, unknown> }).error
    return typeof code === 'string' && typeof message === 'string'
      ? { code, message: message.slice(0, 1_000), ...(isQuotaUsage(usage) && { usage }) }
      : undefined
  } catch {
    return undefined
  }
}
