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
import { type Buckets, DEFAULT_BUCKETS, ownerOf } from '@rockpool/protocol'
import { decodeJwt } from 'jose'
import { hasRight, refusalOfPush } from './access.ts'
import { CLOCK_SKEW_SECONDS, verifyToken } from './token.ts'

export { hasRight, type PushedEvent, type Pusher, refusalOfPush } from './access.ts'
export { verifyToken } from './token.ts'

/** Bindings of the worker. */
export interface SyncBackendEnv {
  /** token secret, 32 bytes at least; none: nobody is let in */
  readonly ROCKPOOL_JWT_SECRET?: string
  /** the former secret while it is rotated */
  readonly ROCKPOOL_JWT_SECRET_FORMER?: string
  /** bucket name to rules, JSON; none: one bucket `files` */
  readonly ROCKPOOL_BUCKETS?: string | Buckets
  /** the Durable Object namespace of the class `SyncBackend` */
  readonly SYNC_BACKEND: unknown
}

/** Close codes of WebSockets: what the client should do next. */
const TOKEN_EXPIRED = 4401
const FORBIDDEN = 4403

const secretsOf = (env: SyncBackendEnv) =>
  [env.ROCKPOOL_JWT_SECRET, env.ROCKPOOL_JWT_SECRET_FORMER].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  )

const bucketsOf = ({ ROCKPOOL_BUCKETS: buckets }: SyncBackendEnv): Buckets =>
  typeof buckets === 'string' && buckets !== '' ? JSON.parse(buckets) : buckets || DEFAULT_BUCKETS

/** What was proved at the connect is kept with the WebSocket, through hibernation, as "forwarded headers" of these names. */
const STORE = 'rockpool-store'
const TOKEN = 'rockpool-token'

/** What sync-cf keeps with a WebSocket (WebSocketAttachmentSchema), as far as it is read here. */
interface Attachment {
  readonly storeId: string
  readonly headers: { readonly [STORE]: string; readonly [TOKEN]: string }
}

export const makeSyncBackend = () => {
  // onPush gets no env: the class keeps it. It is one per worker.
  let env: SyncBackendEnv | undefined

  class SyncBackend extends makeDurableObject({
    // The only transport whose requests all pass `fetch` below and `guard`.
    enabledTransports: new Set(['ws']),
    forwardHeaders: (request) => {
      const { storeId, payload } = matchSyncRequest(request)!
      return { [STORE]: storeId, [TOKEN]: tokenOf(payload) as string }
    },
    onPush: async ({ batch }, { storeId, headers }) => {
      // The payload in the message is the client's word; the headers are what the connect proved. The token is verified
      // again, so that a secret that was taken out of service ends its tokens' writes at once.
      const claims = await verifyToken(headers?.get(TOKEN), env ? secretsOf(env) : [])
      if (typeof claims === 'string') throw new Error(claims)
      const pusher = { claims, owner: await ownerOf(claims.sub), storeId, buckets: bucketsOf(env!) }
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
    /** Answers sync requests: 401 without a good token, 403 when it may not read the store. */
    fetch: async (request: Request, bindings: SyncBackendEnv, context: unknown): Promise<Response> => {
      const searchParams = matchSyncRequest(request as never)
      if (!searchParams) return new Response('This is a sync backend of Rockpool.', { status: 404 })
      const claims = await verifyToken(tokenOf(searchParams.payload), secretsOf(bindings))
      if (typeof claims === 'string') return new Response(claims, { status: 401 })
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
