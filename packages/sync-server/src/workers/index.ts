/**
 * The sync server on Cloudflare Workers: one Durable Object per store.
 *
 * ```ts
 * import { makeSyncBackend } from '@rockpool/sync-server/workers'
 * const backend = makeSyncBackend()
 * export class SyncBackend extends backend.SyncBackend {}
 * export default backend.worker
 * ```
 */
import type { Buckets, StoreId } from '@rockpool/protocol'
import { allowOrigin, preflightReply } from '../http/cors.ts'
import { DEFAULT_BASE_PATH, failed, reportToConsole } from '../http/handler.ts'
import { requireReader, requireToken } from '../http/identify.ts'
import { type Reply, toResponse } from '../http/reply.ts'
import { parseRoute } from '../http/route.ts'
import { acceptLive } from '../live/accept.ts'
import type { RedactionCause, RedactResult } from '../redact/redaction.ts'
import type { WorkerClaimChecks } from './claim-check.ts'
import { closedUpgrade, StoreObject } from './durable-object.ts'
import { readRules, type Rules, type SyncBackendOptions } from './rules.ts'
import type { DurableObjectNamespace, DurableObjectState, ServerSocket } from './runtime.ts'

export type { SyncBackendOptions, WorkerClaimChecks }

/** Bindings of the Worker: the variables of the signer, by the same names. Without a way to verify tokens it responds 503. */
export interface SyncBackendEnv {
  /** token secret, at least 32 bytes */
  readonly ROCKPOOL_JWT_SECRET?: string
  /** the former secret while it is rotated */
  readonly ROCKPOOL_JWT_SECRET_FORMER?: string
  /** in place of a secret, the keys of an identity provider; needs issuer and audience */
  readonly ROCKPOOL_JWKS_URL?: string
  /** required value of the claim `iss` */
  readonly ROCKPOOL_JWT_ISSUER?: string
  /** required value of the claim `aud` */
  readonly ROCKPOOL_JWT_AUDIENCE?: string
  /** secret of the signer's receipts, at least 32 bytes; the token secrets unless set */
  readonly ROCKPOOL_RECEIPT_SECRET?: string
  /** the former secret while it is rotated */
  readonly ROCKPOOL_RECEIPT_SECRET_FORMER?: string
  /** bucket name to rules, JSON; one bucket `files` unless set */
  readonly ROCKPOOL_BUCKETS?: string | Buckets
  /** origins of web apps that are served from elsewhere, separated by commas */
  readonly ROCKPOOL_ALLOWED_ORIGINS?: string
  /** the Durable Object namespace of the class `SyncBackend` */
  readonly SYNC_BACKEND: unknown
}

export interface SyncBackendObject {
  fetch(request: Request): Promise<Response>
  /**
   * Redacts an event of the object's store, as `SyncServer.redact`. No request leads here: call it in a subclass, behind a
   * check of your own.
   *
   * @throws RockpoolError `bad_request` when there is no such event
   * @throws EventLogError
   */
  redact(storeId: StoreId, seqNum: number, cause: Omit<RedactionCause, 'at'>): Promise<RedactResult>
  alarm(): Promise<void>
  webSocketMessage(): void
  webSocketClose(socket: unknown, code: number, reason: string): void
}

export interface SyncBackend {
  readonly SyncBackend: new (state: unknown, bindings: SyncBackendEnv) => SyncBackendObject
  readonly worker: { fetch(request: Request, bindings: SyncBackendEnv): Promise<Response> }
}

export const makeSyncBackend = (options: SyncBackendOptions = {}): SyncBackend => {
  // One per isolate, and so is what `authenticate` remembers.
  let rules: Rules | undefined
  const rulesOf = (bindings: SyncBackendEnv): Rules => (rules ??= readRules(bindings, options))

  class SyncBackend implements SyncBackendObject {
    readonly #store: StoreObject

    constructor(state: unknown, bindings: SyncBackendEnv) {
      this.#store = new StoreObject({
        state: state as DurableObjectState,
        namespace: bindings.SYNC_BACKEND as DurableObjectNamespace,
        rules: () => rulesOf(bindings),
      })
    }

    fetch(request: Request): Promise<Response> {
      return this.#store.fetch(request)
    }

    redact(storeId: StoreId, seqNum: number, cause: Omit<RedactionCause, 'at'>): Promise<RedactResult> {
      return this.#store.redact(storeId, seqNum, cause)
    }

    alarm(): Promise<void> {
      return this.#store.alarm()
    }

    /** `ping` never gets here: the runtime replies to it. All else is ignored. */
    webSocketMessage(): void {}

    webSocketClose(socket: unknown, code: number, reason: string): void {
      this.#store.close(socket as ServerSocket, code, reason)
    }
  }

  /** Requests without a good token wake no Durable Object. The object checks again: it trusts no Worker. */
  const respond = async (request: Request, bindings: SyncBackendEnv): Promise<Response> => {
    const { authenticate } = rulesOf(bindings)
    const { storeId } = parseRoute(request.method, new URL(request.url).pathname, DEFAULT_BASE_PATH)
    if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') {
      const acceptance = await acceptLive(request, { authenticate, basePath: DEFAULT_BASE_PATH })
      if ('close' in acceptance) return closedUpgrade(acceptance.close, acceptance.reason)
    } else {
      await requireReader(authenticate, requireToken(request), storeId)
    }
    const namespace = bindings.SYNC_BACKEND as DurableObjectNamespace
    return namespace.get(namespace.idFromName(storeId)).fetch(request)
  }

  const worker = {
    fetch: async (request: Request, bindings: SyncBackendEnv): Promise<Response> => {
      try {
        const { allowedOrigins } = rulesOf(bindings)
        const own = (reply: Reply) => toResponse(allowOrigin(request, reply, allowedOrigins))
        const preflight = allowedOrigins.length > 0 ? preflightReply(request) : undefined
        if (preflight) return own(preflight)
        return await respond(request, bindings).catch((error: unknown) => own(failed(error, reportToConsole)))
      } catch (error) {
        return toResponse(failed(error, reportToConsole))
      }
    },
  }

  return { SyncBackend, worker }
}
