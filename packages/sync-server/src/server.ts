/** The sync server on web standards: requests and their replies, and WebSockets that a platform has accepted. */
import { expiryOf } from '@rockpool/access'
import { systemClock } from './clock.ts'
import { type RemoteKey, RockpoolError, type StoreId } from '@rockpool/protocol'
import { closedError, type EventLog } from './event-log/event-log.ts'
import type { SqlEventLog } from './event-log/sql-log.ts'
import { createHandler, DEFAULT_BASE_PATH, failed, reportToConsole, type SyncOptions } from './http/handler.ts'
import { type Reply, type SyncRequest, toResponse } from './http/reply.ts'
import { acceptLive, type LiveGrant } from './live/accept.ts'
import { createHub, type Transport } from './live/hub.ts'
import type { LiveUpdate } from './live/message.ts'
import { startClaimChecker } from './read-model/claim-checker.ts'
import { publishOtherServers } from './live/other-servers.ts'
import { streamReply } from './live/stream.ts'
import { appendAsServer } from './operator/append-as-server.ts'
import { appendLost } from './operator/append-lost.ts'
import { type RedactionCause, type RedactResult, redactionUpdate } from './redact/redaction.ts'

export interface SyncServer {
  /** Responds to every call except the upgrade of `/live`. */
  fetch(request: Request): Promise<Response>
  /** As `fetch`, for platforms without Request and Response. */
  respond(request: SyncRequest): Promise<Reply>
  /** Decides about the upgrade of `/live`. */
  upgrade(request: Pick<SyncRequest, 'method' | 'url' | 'headers'>): Promise<Upgrade>
  /**
   * Redacts an event of a store ({@link SqlEventLog.redact}) and sends the news to its devices. For the operator: no call of
   * the contract leads here.
   *
   * @throws RockpoolError `bad_request` when there is no such event, or when the logs cannot redact
   * @throws EventLogError
   */
  redact(storeId: StoreId, seqNum: number, cause: Omit<RedactionCause, 'at'>): Promise<RedactResult>
  /**
   * Appends `v2.ContentLost` for contents that object storage no longer has, and sends the news to the store's devices: whoever
   * holds the bytes uploads them again. For garbage collection: no call of the contract leads here.
   *
   * @throws EventLogError
   */
  reportLost(storeId: StoreId, remoteKeys: readonly RemoteKey[]): Promise<void>
  /** Deletes files in the operator's name, and sends the news to the store's devices. @throws EventLogError */
  deleteFiles(storeId: StoreId, fileIds: readonly string[]): Promise<void>
  /** Ends all subscriptions, refuses new requests, and closes the logs. */
  close(): Promise<void>
}

export type Upgrade =
  /** Open a WebSocket with the subprotocol {@link SUBPROTOCOL}, and give it to `connect`. */
  | { readonly kind: 'accept'; connect(transport: Transport): Promise<LiveConnection> }
  /** Open a WebSocket and close it with this code. */
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  /** Send this response in place of the upgrade. */
  | { readonly kind: 'refuse'; readonly reply: Reply }

export interface LiveConnection {
  /** Handles a message of the client: replies to `ping` with the head, ignores all else. */
  receive(message: string): Promise<void>
  /** The WebSocket has closed. */
  end(): void
}

export const createSyncServer = (options: SyncOptions): SyncServer => {
  const { logs, authenticate, basePath = DEFAULT_BASE_PATH, rateLimit } = options
  const { clock = systemClock, onError = reportToConsole } = options
  const hub = createHub(clock, options.onDelivery)
  const checker = options.claims && startClaimChecker({ ...options.claims, logs, clock, onError })
  const stopWatching = logs.watch?.(publishOtherServers({ logs, hub, onError, onAppend: options.onAppend }))
  let closed = false

  const publish = (storeId: StoreId, update: LiveUpdate) => {
    options.onAppend?.(storeId)
    hub.publish(storeId, update)
  }

  const handle = createHandler(options, {
    publish: (storeId, update) => {
      checker?.note(storeId, update.events)
      publish(storeId, update)
    },
    openStream: async (request, storeId, since, claims) => {
      const log = await logs.open(storeId)
      const grant = { storeId, since, sub: claims.sub, expiresAt: expiryOf(claims) }
      return streamReply((transport) => hub.subscribe(log, grant, transport), request.signal)
    },
  })

  const connect = async ({ storeId, ...grant }: LiveGrant, transport: Transport): Promise<LiveConnection> => {
    const log = await logs.open(storeId)
    const end = await hub.subscribe(log, { storeId, ...grant }, transport)
    return {
      receive: async (message) => {
        if (message !== 'ping') return
        transport.send(JSON.stringify({ backendId: log.backendId, head: await log.head() }))
      },
      end,
    }
  }

  const respond = async (request: SyncRequest): Promise<Reply> =>
    closed ? failed(closedError(), () => {}) : handle(request)

  return {
    fetch: async (request) => toResponse(await respond(request)),
    respond,
    upgrade: async (request) => {
      if (closed) return { kind: 'refuse', reply: failed(closedError(), () => {}) }
      try {
        const acceptance = await acceptLive(request, { authenticate, basePath, rateLimit })
        if ('close' in acceptance) return { kind: 'close', code: acceptance.close, reason: acceptance.reason }
        return { kind: 'accept', connect: (transport) => connect(acceptance.grant, transport) }
      } catch (error) {
        return { kind: 'refuse', reply: failed(error, onError) }
      }
    },
    redact: async (storeId, seqNum, cause) => {
      const log = await logs.open(storeId)
      if (!canRedact(log))
        throw new RockpoolError('bad_request', 'These logs cannot redact events. Use `sqliteLogs` or `postgresLogs`.')
      const result = await log.redact(seqNum, { ...cause, at: clock.now() })
      publish(storeId, redactionUpdate(log.backendId, result))
      return result
    },
    reportLost: async (storeId, remoteKeys) => {
      publish(storeId, await appendLost(await logs.open(storeId), remoteKeys, clock.now()))
    },
    deleteFiles: async (storeId, fileIds) => {
      const at = clock.now()
      const events = fileIds.map((id) => ({ name: 'v2.FileDeleted', args: { id, at } }) as const)
      publish(storeId, await appendAsServer(await logs.open(storeId), events, at))
    },
    close: async () => {
      closed = true
      hub.close()
      await checker?.stop()
      stopWatching?.()
      await logs.close()
    },
  }
}

const canRedact = (log: EventLog): log is SqlEventLog => 'redact' in log
