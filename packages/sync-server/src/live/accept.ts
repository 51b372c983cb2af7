/** Whether a request may become a WebSocket of `GET /live`. */
import { type Authenticate, expiryOf } from '@rockpool/access'
import { isRockpoolError, type StoreId } from '@rockpool/protocol'
import { isSyncError, SyncError } from '../http/errors.ts'
import { type RateLimit, requireRate, requireReader, requireToken } from '../http/identify.ts'
import type { SyncRequest } from '../http/reply.ts'
import { parseRoute, parseSince } from '../http/route.ts'
import { CLOSE } from './publish.ts'

/** The subprotocol that is echoed. */
export const SUBPROTOCOL = 'rockpool.v1'
const BEARER = 'rockpool.bearer.'

export interface LiveGrant {
  readonly storeId: StoreId
  readonly since: number
  readonly sub: string
  /** when the token ends, in ms since 1970 */
  readonly expiresAt: number
}

/** A browser cannot read the status of a refused upgrade: such a WebSocket opens, and closes with a code. */
export type Acceptance = { readonly grant: LiveGrant } | { readonly close: number; readonly reason: string }

export interface AcceptOptions {
  readonly authenticate: Authenticate
  readonly basePath: string
  readonly rateLimit?: RateLimit | undefined
}

/** @throws SyncError, RockpoolError when the request is not a well-formed call: there is no WebSocket then */
export const acceptLive = async (
  request: Pick<SyncRequest, 'method' | 'url' | 'headers'>,
  { authenticate, basePath, rateLimit }: AcceptOptions,
): Promise<Acceptance> => {
  const url = new URL(request.url)
  const { storeId, call } = parseRoute(request.method, url.pathname, basePath)
  if (call !== 'live') throw new SyncError('bad_request', 'Only /live can be upgraded to a WebSocket.')
  const since = parseSince(url.searchParams)
  const protocols = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  if (!protocols.includes(SUBPROTOCOL)) {
    throw new SyncError('bad_request', `Offer the subprotocol "${SUBPROTOCOL}".`)
  }
  try {
    const claims = await requireReader(authenticate, socketToken(request, protocols), storeId)
    requireRate(rateLimit, claims)
    return { grant: { storeId, since, sub: claims.sub, expiresAt: expiryOf(claims) } }
  } catch (error) {
    const code = closeCode(error)
    if (code === undefined) throw error
    return { close: code, reason: toCloseReason((error as Error).message) }
  }
}

/** A Close frame has room for 123 bytes of reason: RFC 6455, section 5.5. */
const toCloseReason = (text: string): string => {
  const bytes = new Uint8Array(123)
  const { written } = new TextEncoder().encodeInto(text, bytes)
  return new TextDecoder().decode(bytes.subarray(0, written))
}

const socketToken = (request: Pick<SyncRequest, 'headers'>, protocols: readonly string[]): string => {
  const offered = protocols.find((name) => name.startsWith(BEARER))
  if (offered === undefined) return requireToken(request)
  try {
    const base64 = offered.slice(BEARER.length).replaceAll('-', '+').replaceAll('_', '/')
    return atob(base64)
  } catch (cause) {
    throw new SyncError('unauthenticated', `The token after "${BEARER}" has to be base64url.`, { cause })
  }
}

const closeCode = (error: unknown): number | undefined => {
  if (isRockpoolError(error, 'unauthenticated')) return CLOSE.unauthenticated
  if (isRockpoolError(error, 'storage_unavailable')) return CLOSE.tryAgainLater
  if (!isSyncError(error)) return undefined
  if (error.code === 'unauthenticated') return CLOSE.unauthenticated
  if (error.code === 'forbidden') return CLOSE.forbidden
  return error.code === 'rate_limited' ? CLOSE.tryAgainLater : undefined
}
