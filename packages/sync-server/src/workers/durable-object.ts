/**
 * The Durable Object of one store. It hibernates while its WebSockets are idle: what their connect proved is kept with each
 * WebSocket, and the runtime replies to `ping` with the head without waking the object.
 */
import type { StoreId } from '@rockpool/protocol'
import { openDurableObjectLog, storedStoreId } from '../adapters/durable-object.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import { SyncError } from '../http/errors.ts'
import { createHandler, DEFAULT_BASE_PATH, failed, reportToConsole } from '../http/handler.ts'
import { toResponse } from '../http/reply.ts'
import { MAX_EVENTS } from '../http/route.ts'
import { acceptLive, type LiveGrant, SUBPROTOCOL } from '../live/accept.ts'
import { liveMessage, type LiveUpdate, MAX_MESSAGE_BYTES } from '../live/message.ts'
import { CLOSE, publish, type Subscriber } from '../live/publish.ts'
import { type RedactionCause, type RedactResult, redactionUpdate } from '../redact/redaction.ts'
import { checkSomeClaims, dueAfterPush, dueAtStart, type WorkerClaimChecks } from './claim-check.ts'
import { type Rules } from './rules.ts'
import {
  autoResponse,
  type DurableObjectNamespace,
  type DurableObjectState,
  type ServerSocket,
  upgradeResponse,
} from './runtime.ts'

/** Kept with a WebSocket through hibernation. Infinity does not survive JSON; structured clone keeps it. */
type Attachment = Pick<LiveGrant, 'storeId' | 'sub' | 'expiresAt'>

export interface StoreObjectOptions {
  readonly state: DurableObjectState
  readonly namespace: DurableObjectNamespace
  readonly rules: () => Rules
}

export class StoreObject {
  readonly #state: DurableObjectState
  readonly #namespace: DurableObjectNamespace
  readonly #rules: () => Rules
  #log: Promise<SqlEventLog> | undefined
  #handle: ReturnType<typeof createHandler> | undefined

  constructor({ state, namespace, rules }: StoreObjectOptions) {
    this.#state = state
    this.#namespace = namespace
    this.#rules = rules
  }

  async fetch(request: Request): Promise<Response> {
    try {
      const { claims, ...rules } = this.#rules()
      if (request.headers.get('upgrade')?.toLowerCase() === 'websocket') return await this.#upgrade(request, rules)
      // One for all requests: it holds the imported keys of receipts and the list of event names.
      this.#handle ??= createHandler(
        { ...rules, logs: { open: (storeId) => this.#open(storeId), close: async () => {} } },
        { publish: (_, update) => this.#publishAppend(update, claims), openStream: noStream },
      )
      return toResponse(await this.#handle(request))
    } catch (error) {
      return toResponse(failed(error, reportToConsole))
    }
  }

  async redact(storeId: StoreId, seqNum: number, cause: Omit<RedactionCause, 'at'>): Promise<RedactResult> {
    const log = await this.#open(storeId)
    const result = await log.redact(seqNum, { ...cause, at: Date.now() })
    this.#publish(redactionUpdate(log.backendId, result))
    return result
  }

  /** Ends the WebSockets whose token has expired, and checks claims that are due. */
  async alarm(): Promise<void> {
    const now = Date.now()
    for (const { expiresAt, close } of this.#subscribers()) {
      if (expiresAt <= now) close(CLOSE.unauthenticated, 'The token has expired.')
    }
    await this.#wakeAtExpiry()
    await this.#checkClaims(now).catch(reportToConsole)
  }

  /** Before compatibility date 2026-04-07 the runtime does not reply to a Close frame by itself. */
  close(socket: ServerSocket, code: number, reason: string): void {
    try {
      // 1005 and 1006 mean that there was no code: no frame may carry them.
      if (code === 1005 || code === 1006 || code === 1015) socket.close()
      else socket.close(code, reason)
    } catch {
      // It is closed already.
    }
  }

  #open(storeId: StoreId): Promise<SqlEventLog> {
    this.#log ??= this.#openLog(storeId).catch((error: unknown) => {
      this.#log = undefined
      throw error
    })
    return this.#log
  }

  async #openLog(storeId: StoreId): Promise<SqlEventLog> {
    // The path of a request names the store; the object has to be the one of that store.
    if (!this.#namespace.idFromName(storeId).equals(this.#state.id)) {
      throw new SyncError('not_found', 'This Durable Object belongs to another store. Route requests by the store id.')
    }
    const log = await openDurableObjectLog(this.#state.storage, storeId)
    this.#answerPings(log.backendId, await log.head())
    const { claims } = this.#rules()
    if (claims) await this.#wakeBy(await dueAtStart(log.readModel, claims, Date.now()))
    return log
  }

  #answerPings(backendId: string, head: number): void {
    this.#state.setWebSocketAutoResponse(autoResponse('ping', JSON.stringify({ backendId, head })))
  }

  async #upgrade(request: Request, rules: Pick<Rules, 'authenticate' | 'rateLimit'>): Promise<Response> {
    const acceptance = await acceptLive(request, { ...rules, basePath: DEFAULT_BASE_PATH })
    if ('close' in acceptance) return closedUpgrade(acceptance.close, acceptance.reason)
    const { storeId, since, sub, expiresAt } = acceptance.grant
    const log = await this.#open(storeId)
    const { head, events } = await log.read(since, { limit: MAX_EVENTS, maxBytes: MAX_MESSAGE_BYTES })
    // Nothing is awaited between the page and its message: no append comes between them.
    const { response, socket } = upgradeResponse(SUBPROTOCOL)
    this.#state.acceptWebSocket(socket)
    socket.serializeAttachment({ storeId, sub, expiresAt } satisfies Attachment)
    socket.send(liveMessage({ backendId: log.backendId, since, head, events }))
    await this.#wakeAtExpiry()
    return response
  }

  async #wakeAtExpiry(): Promise<void> {
    const now = Date.now()
    const times = this.#subscribers().map(({ expiresAt }) => expiresAt)
    const next = Math.min(...times.filter((time) => time > now))
    await this.#wakeBy(Number.isFinite(next) ? next : undefined)
  }

  /**
   * Sets the alarm to `time`, unless it is earlier: an object has one alarm, and each looks at everything. An alarm, not a timer: a
   * timer would keep the object from hibernating.
   */
  async #wakeBy(time: number | undefined): Promise<void> {
    if (time === undefined) return
    const alarm = await this.#state.storage.getAlarm()
    if (alarm === null || time < alarm) await this.#state.storage.setAlarm(time)
  }

  async #checkClaims(now: number): Promise<void> {
    const { claims } = this.#rules()
    const storeId = claims && storedStoreId(this.#state.storage)
    if (storeId === undefined) return
    const { readModel } = await this.#open(storeId)
    try {
      await this.#wakeBy(await checkSomeClaims(readModel, claims!, now))
    } catch (error) {
      // Object storage does not respond.
      await this.#wakeBy(dueAfterPush(claims!, now))
      throw error
    }
  }

  #publishAppend(update: LiveUpdate, claims: WorkerClaimChecks | undefined): void {
    if (claims && update.events.some(({ name }) => name === 'v2.ContentStored')) {
      this.#wakeBy(dueAfterPush(claims, Date.now())).catch(reportToConsole)
    }
    this.#publish(update)
  }

  #publish(update: LiveUpdate): void {
    this.#answerPings(update.backendId, update.head)
    publish(this.#subscribers(), liveMessage(update), Date.now())
  }

  #subscribers(): Subscriber[] {
    return this.#state.getWebSockets().map((socket) => ({
      send: (message) => socket.send(message),
      // The runtime does not say how much waits, and ends a connection that takes nothing.
      bufferedAmount: 0,
      close: (code, reason) => socket.close(code, reason),
      expiresAt: (socket.deserializeAttachment() as Attachment).expiresAt,
    }))
  }
}

const noStream = async (): Promise<never> => {
  throw new SyncError('not_found', 'There is no stream on Workers. Use a WebSocket.')
}

/** A WebSocket that says why it closes: a browser cannot read the status of a refused upgrade. */
export const closedUpgrade = (code: number, reason: string): Response => {
  const { response, socket } = upgradeResponse(SUBPROTOCOL)
  socket.accept()
  socket.close(code, reason)
  return response
}
