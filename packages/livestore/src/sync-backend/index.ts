/**
 * The sync backend with Rockpool's access rules, for Cloudflare Workers: LiveStore's own Durable Object behind the token
 * that the signer takes too.
 *
 * ```ts
 * import { makeSyncBackend } from '@rockpool/livestore/sync-backend'
 * const backend = makeSyncBackend()
 * export class SyncBackend extends backend.SyncBackend {}
 * export default backend.worker
 * ```
 */
import { handleSyncRequest, makeDurableObject, matchSyncRequest } from '@livestore/sync-cf/cf-worker'
import { type Buckets, isRockpoolError, ownerOf, RockpoolError } from '@rockpool/protocol'
import { type Claims, CLOCK_SKEW_SECONDS, hasRight } from '@rockpool/access'
import { decodeJwt } from 'jose'
import { refusalOfPush } from './access.ts'
import { readRules, type Rules } from './rules.ts'

export { type PushedEvent, type Pusher, refusalOfPush } from './access.ts'

/** Bindings of the worker: the signer's variables of the same names. Without a verifier of tokens nobody is let in. */
export interface SyncBackendEnv {
  /** token secret, 32 bytes at least */
  readonly ROCKPOOL_JWT_SECRET?: string
  /** the former secret while it is rotated */
  readonly ROCKPOOL_JWT_SECRET_FORMER?: string
  /** in place of a secret, an identity provider's keys; needs issuer and audience */
  readonly ROCKPOOL_JWKS_URL?: string
  /** what the claim `iss` has to be */
  readonly ROCKPOOL_JWT_ISSUER?: string
  /** what the claim `aud` has to be or hold */
  readonly ROCKPOOL_JWT_AUDIENCE?: string
  /** bucket name to rules, JSON; none: one bucket `files` */
  readonly ROCKPOOL_BUCKETS?: string | Buckets
  /** the Durable Object namespace of the class `SyncBackend` */
  readonly SYNC_BACKEND: unknown
}

/** Close codes of WebSockets: what the client should do next. */
const TOKEN_EXPIRED = 4401
const FORBIDDEN = 4403

/** What was proved at the connect is kept with the WebSocket, through hibernation, as "forwarded headers" of these names. */
const STORE = 'rockpool-store'
const TOKEN = 'rockpool-token'

/** What sync-cf keeps with a WebSocket (WebSocketAttachmentSchema), as far as it is read here. */
interface Attachment {
  readonly storeId: string
  readonly headers: { readonly [STORE]: string; readonly [TOKEN]: string }
}

export const makeSyncBackend = () => {
  // onPush gets no env: the class keeps it. It is one per worker, and so are the rules in it.
  let env: SyncBackendEnv | undefined
  let rules: Rules | undefined
  const rulesOf = (bindings: SyncBackendEnv): Rules => (rules ??= readRules(bindings))

  class SyncBackend extends makeDurableObject({
    // The only transport whose requests all pass `fetch` below and `guard`.
    enabledTransports: new Set(['ws']),
    forwardHeaders: (request) => {
      const { storeId, payload } = matchSyncRequest(request)!
      return { [STORE]: storeId, [TOKEN]: tokenOf(payload) as string }
    },
    onPush: async ({ batch }, { storeId, headers }) => {
      // The payload in the message is the client's word; the headers are what the connect proved. The token is verified
      // again, so that a secret or key that was taken out of service ends its tokens' writes, too.
      const known = rulesOf(env!)
      const claims = await claimsOf(headers?.get(TOKEN), known)
      const pusher = { claims, owner: await ownerOf(claims.sub), storeId, buckets: known.buckets }
      const refusal = refusalOfPush(pusher, batch)
      if (refusal !== undefined) throw new Error(refusal)
    },
  }) {
    constructor(state: ConstructorParameters<ReturnType<typeof makeDurableObject>>[0], bindings: SyncBackendEnv) {
      super(state, bindings)
      env = bindings
      const handle = this.webSocketMessage!.bind(this)
      this.webSocketMessage = async (socket, message) => {
        closeExpired(state.getWebSockets())
        if (socket.readyState !== WebSocket.OPEN) return
        // sync-cf takes the storeId of the first message for the whole object (DoCtx), so a message that names another
        // store than the connection's must not reach it.
        if (!namesOnly(message, attachmentOf(socket).storeId)) {
          return socket.close(FORBIDDEN, 'A message named another store than the connection.')
        }
        await handle(socket, message)
      }
    }
  }

  const worker = {
    /**
     * Answers sync requests: 401 without a good token, 403 when it may not read the store, 503 while a binding is wrong or
     * the keys to verify tokens with can't be had.
     */
    fetch: async (request: Request, bindings: SyncBackendEnv, context: unknown): Promise<Response> => {
      const searchParams = matchSyncRequest(request as never)
      if (!searchParams) return new Response('This is a sync backend of Rockpool.', { status: 404 })
      let claims: Claims
      try {
        claims = await claimsOf(tokenOf(searchParams.payload), rulesOf(bindings))
      } catch (error) {
        return refused(error)
      }
      const { storeId } = searchParams
      if (!hasRight(claims, storeId, 'read')) {
        return new Response(`This token may not read the store "${storeId}".`, { status: 403 })
      }
      const options = { request, searchParams, env: bindings, ctx: context, syncBackendBinding: 'SYNC_BACKEND' }
      return handleSyncRequest(options as never) as unknown as Promise<Response>
    },
  }

  return { SyncBackend, worker }
}

const tokenOf = (payload: unknown): unknown => (payload as { readonly authToken?: unknown } | undefined)?.authToken

/** @throws RockpoolError `unauthenticated`, `storage_unavailable` */
const claimsOf = async (token: unknown, { authenticate }: Rules): Promise<Claims> => {
  if (typeof token !== 'string') throw new RockpoolError('unauthenticated', 'There is no token. Sign in.')
  return authenticate(token)
}

/** All but a bad token is a failure of this side, and its owner's to mend: a line in the log. */
const refused = (error: unknown): Response => {
  if (!isRockpoolError(error)) throw error
  if (error.code === 'unauthenticated') return new Response(error.message, { status: 401 })
  console.error('rockpool sync backend:', error.message)
  return new Response(error.message, { status: 503 })
}

interface ServerSocket {
  readonly readyState: number
  deserializeAttachment(): unknown
  close(code: number, reason: string): void
}

const attachmentOf = (socket: ServerSocket): Attachment => JSON.parse(socket.deserializeAttachment() as string)

/**
 * Ends connections whose token has expired. Called before each message is handled, and events are sent on only because of
 * a message: so nobody is sent one after their token ended. Clients connect again with a fresh token.
 */
const closeExpired = (sockets: readonly ServerSocket[]): void => {
  const now = Date.now() / 1000 - CLOCK_SKEW_SECONDS
  for (const socket of sockets) {
    // verified at the connect
    const { exp } = decodeJwt(attachmentOf(socket).headers[TOKEN])
    if (exp !== undefined && exp <= now) socket.close(TOKEN_EXPIRED, 'The token has expired.')
  }
}

/** Whether every request in an RPC message (one, or an array of them) that names a store names this one. */
const namesOnly = (message: unknown, storeId: string): boolean => {
  if (typeof message !== 'string') return false
  try {
    const requests = [JSON.parse(message)].flat() as ({ readonly payload?: { readonly storeId?: unknown } } | null)[]
    return requests.every((request) => request?.payload?.storeId === undefined || request.payload.storeId === storeId)
  } catch {
    return false
  }
}
