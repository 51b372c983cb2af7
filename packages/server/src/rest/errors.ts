/** Errors as responses: `{ "error": { code, message } }`, the codes and statuses of the signer. */
import { isObjectStoreError, toWireError } from '@rockpool/object-store'
import {
  type ErrorCode,
  isRockpoolError,
  type QuotaUsage,
  RockpoolError,
  WIRE_ERRORS,
  type WireErrorCode,
} from '@rockpool/protocol'
import { isEventLogError } from '@rockpool/sync-server'
import type { RestServices } from './services.ts'

/** How long a client waits after a failure of the server itself. */
const RETRY_AFTER_MS = 5_000

/** Codes of `@rockpool/core` for a field that breaks a limit. */
const FIELD_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['bad_name', 'bad_path', 'bad_type'])

/** Any error as one that a client understands: mistakes of clients as they are, failures of the server without detail. */
export const toRestError = (error: unknown): RockpoolError & { readonly code: WireErrorCode } => {
  const known = isObjectStoreError(error) ? toWireError(error) : error
  if (isRockpoolError(known)) {
    const { code, message, retryAfterMs, usage } = known
    if (FIELD_CODES.has(code)) return wire('bad_request', message)
    if (Object.hasOwn(WIRE_ERRORS, code)) return wire(code as WireErrorCode, message, retryAfterMs, usage)
  }
  const message =
    isEventLogError(error) && error.code === 'no_space'
      ? 'The disk of the server is full. Try again when its operator has made room.'
      : 'The server failed to respond. Try again later; its log has the cause.'
  return wire('storage_unavailable', message, RETRY_AFTER_MS)
}

/** Whether the operator has to know about it. */
export const isServerFault = (error: unknown): boolean => toRestError(error).code === 'storage_unavailable'

/** Reports an error that is the server's own. What fails after the client has left is none. */
export const reportFault = ({ onError }: Pick<RestServices, 'onError'>, { signal }: Request, error: unknown): void => {
  if (!signal.aborted && isServerFault(error)) onError(error)
}

export const errorResponse = (error: unknown): Response => {
  const { code, message, retryAfterMs, usage } = toRestError(error)
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (retryAfterMs !== undefined) headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))))
  if (code === 'unauthenticated') headers.set('www-authenticate', 'Bearer')
  return Response.json({ error: { code, message, ...(usage && { usage }) } }, { status: WIRE_ERRORS[code], headers })
}

const wire = (code: WireErrorCode, message: string, retryAfterMs?: number, usage?: QuotaUsage) =>
  new RockpoolError(code, message, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(usage && { usage }),
  }) as RockpoolError & { readonly code: WireErrorCode }
