/** The calls of docs/contracts/sync-http.md, from request to reply. */
import { type Authenticate, checkWriter, type Claims, type Pusher, receiptVerifier } from '@rockpool/access'
import { type Buckets, type BucketsOf, DEFAULT_BUCKETS, type StoreId } from '@rockpool/protocol'
import { type Clock, systemClock } from '../clock.ts'
import type { EventLog, Logs, Usage } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import { judgePush, type Verdict } from '../gate/judge-push.ts'
import { judgeReceipts } from '../gate/judge-receipts.ts'
import { type FileLedger, reserveWithin } from '../gate/file-ledger.ts'
import { type FilesInUse, isNoUse } from '../gate/file-quota.ts'
import { reserveFiles, totalUse } from '../gate/reserve-files.ts'
import type { Quota } from '../gate/quota.ts'
import { type LiveUpdate, pagePieces } from '../live/message.ts'
import type { ClaimChecks } from '../read-model/claim-checker.ts'
import { type AllowedOrigins, allowOrigin, preflightReply } from './cors.ts'
import { errorReply, isServerFault, SyncError, toSyncError } from './errors.ts'
import { type RateLimit, requireRate, requireReader, requireToken } from './identify.ts'
import { ownerOfClaims } from './owner.ts'
import { parsePush } from './parse-push.ts'
import { readBody } from './read-body.ts'
import { JSON_HEADERS, type Piece, type Reply, type SyncRequest } from './reply.ts'
import { MAX_EVENTS, parseLimit, parseRoute, parseSince } from './route.ts'

export interface SyncOptions {
  readonly logs: Logs
  readonly authenticate: Authenticate
  /** bucket name to rules; one bucket `files` unless set */
  readonly buckets?: Buckets | BucketsOf
  /** Names of the app's own events; any name that is not reserved unless set. Rockpool's own are always taken. */
  readonly eventNames?: readonly string[]
  /** what each store may keep in its log; no limit unless set */
  readonly quota?: Quota
  /** what each store and user may have of files; no limit unless set. Needs logs with a read model */
  readonly fileLedger?: FileLedger
  /**
   * Secrets of the signer's receipts, at least 32 bytes each: the current one and, while it is rotated, the former one.
   * Unless set, every event with a receipt is refused: devices trust that this server has verified it.
   */
  readonly receiptSecrets?: readonly string[]
  /** bytes in one part, as clients and signer cut content; 8 MiB unless set. Other sizes are for tests */
  readonly partSize?: number
  /** how contents are checked that are only claimed to be stored; not at all unless set. Needs logs with a read model */
  readonly claims?: ClaimChecks
  /** no limit unless set */
  readonly rateLimit?: RateLimit
  /** origins of web apps that are served from elsewhere; none unless set */
  readonly allowedOrigins?: AllowedOrigins
  /** what stands before `/<storeId>`; `/sync` unless set */
  readonly basePath?: string
  /** Called after each append to a store, also of the server itself. It must not throw. */
  readonly onAppend?: (storeId: StoreId) => void
  /** Called after events were sent to the live devices of their store. @param ms since they were stored. It must not throw. */
  readonly onDelivery?: (ms: number) => void
  /** Called with failures that the operator of the server has to know about; `console.error` unless set. */
  readonly onError?: (error: unknown) => void
  readonly clock?: Clock
}

export const DEFAULT_BASE_PATH = '/sync'

/** What the handler needs of the live side. */
export interface Live {
  /** Called after each append, before the pusher gets its response. */
  publish(storeId: StoreId, update: LiveUpdate): void
  /** `GET /live` without an upgrade. */
  openStream(request: SyncRequest, storeId: StoreId, since: number, claims: Claims): Promise<Reply>
}

/** Bytes of the events in one page. */
export const MAX_PAGE_BYTES = 1024 * 1024
/**
 * Events of others that a push may be put behind. They are read in its transaction and sent in its response; a device that
 * is further behind pulls first.
 */
export const MAX_BETWEEN = 10_000
const PAGE_LIMITS = { limit: MAX_EVENTS, maxBytes: MAX_PAGE_BYTES }

export const reportToConsole = (error: unknown): void => {
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined }
  console.error('rockpool sync server:', message, ...(cause instanceof Error ? [`(${cause.message})`] : []))
}

export const createHandler = (options: SyncOptions, live: Live): ((request: SyncRequest) => Promise<Reply>) => {
  const { logs, authenticate, buckets = DEFAULT_BUCKETS, quota, fileLedger, rateLimit, allowedOrigins = [] } = options
  const { basePath = DEFAULT_BASE_PATH, clock = systemClock, onError = reportToConsole } = options
  const eventNames = options.eventNames && new Set(options.eventNames)
  const hashing = options.partSize === undefined ? undefined : { partSize: options.partSize }
  const verifyReceipt = receiptVerifier(options.receiptSecrets ?? [])

  const respond = async (request: SyncRequest): Promise<Reply> => {
    const url = new URL(request.url)
    const { storeId, call } = parseRoute(request.method, url.pathname, basePath)
    const claims = await requireReader(authenticate, requireToken(request), storeId)
    if (call === 'push') return push(request, storeId, claims)
    requireRate(rateLimit, claims)
    if (call === 'live') return live.openStream(request, storeId, parseSince(url.searchParams), claims)
    if (call === 'head') {
      const log = await logs.open(storeId)
      return json(JSON.stringify({ backendId: log.backendId, head: await log.head() }))
    }
    const [since, limit] = [parseSince(url.searchParams), parseLimit(url.searchParams)]
    const log = await logs.open(storeId)
    return json(pagePieces(log, await log.read(since, { ...PAGE_LIMITS, limit })))
  }

  const push = async (request: SyncRequest, storeId: StoreId, claims: Claims): Promise<Reply> => {
    const pushed = parsePush(await readBody(request, clock))
    const log = await logs.open(storeId)
    const { backendId } = log
    if (pushed.backendId !== undefined && pushed.backendId !== backendId) {
      const message = 'This device last synced with another log. Nothing was stored.'
      throw new SyncError('backend_mismatch', message, { log: { backendId, head: await log.head() } })
    }
    const { sub } = claims
    const pusher: Pusher = {
      ...{ claims, owner: await ownerOfClaims(claims), storeId, eventNames, hashing },
      buckets: typeof buckets === 'function' ? await buckets(storeId) : buckets,
    }
    const judged = await judgeReceipts(verifyReceipt, pushed.events)
    const events = judged.map(({ event }) => event)
    let verdict: Verdict = { taken: events.length, refused: [] }
    const most = totalUse(judged)
    const reservation = await fileLedger?.begin(storeId, sub, most)
    const check = (
      firstNew: number,
      usage: Usage,
      isRedacted: (event: LogEvent) => boolean,
      inUse?: FilesInUse,
    ): number => {
      requireRate(rateLimit, claims)
      requireWriter(pusher)
      const files = fileLedger && inUse ? reserveWithin(fileLedger.quota, inUse) : reservation
      const reserve = files && reserveFiles(files)
      verdict = judgePush({ pusher, quota, reserve, isRedacted }, judged, firstNew, usage)
      return verdict.taken
    }
    const { parent, mayRenumber } = pushed
    const maxBetween = mayRenumber ? MAX_BETWEEN : 0
    const countsFiles = fileLedger !== undefined && !isNoUse(most)
    const result = await log
      .append(parent, events, { sub, at: clock.now(), check, countsFiles, maxBetween })
      .finally(() => reservation?.end())
    if (result.kind === 'parent_ahead') {
      requireRate(rateLimit, claims)
      const message = `"parent" is ${parent}, above the head ${result.head}. Ask for the head again.`
      throw new SyncError('parent_ahead', message, { log: { backendId, head: result.head } })
    }
    if (result.kind === 'conflict') {
      requireRate(rateLimit, claims)
      return pageAfter(log, result.common, 409)
    }
    const { head, before, taken, added, common } = result
    if (added.length > 0) publish(storeId, { backendId, since: before, head, events: added, storedAt: added[0]!.at })
    const { refused } = verdict
    const [status, refusal] = refused.length === 0 ? ([200, {}] as const) : ([422, { taken, refused }] as const)
    if (common !== undefined) return pageAfter(log, common, status, refusal)
    return json(JSON.stringify({ backendId, head, ...refusal }), status)
  }

  /** The events are stored: whatever fails here must not make the push fail. */
  const publish = (storeId: StoreId, update: LiveUpdate) => {
    try {
      live.publish(storeId, update)
    } catch (error) {
      onError(error)
    }
  }

  return async (request) => {
    const preflight = allowedOrigins.length > 0 ? preflightReply(request) : undefined
    const reply = preflight ?? (await respond(request).catch((error: unknown) => failed(error, onError)))
    return allowOrigin(request, reply, allowedOrigins)
  }
}

/** The events that the client lacks, beside `fields`. */
const pageAfter = async (log: EventLog, common: number, status: 200 | 409 | 422, fields = {}): Promise<Reply> =>
  json(pagePieces(log, await log.read(common, PAGE_LIMITS), fields), status)

const requireWriter = (pusher: Pusher): void => {
  const problem = checkWriter(pusher)
  if (problem !== undefined) throw new SyncError('forbidden', problem)
}

export const failed = (error: unknown, onError: (error: unknown) => void): Reply => {
  if (isServerFault(error)) onError(error)
  return errorReply(toSyncError(error))
}

const json = (body: string | readonly Piece[], status = 200): Reply => ({
  status,
  headers: JSON_HEADERS,
  body: typeof body === 'string' ? [body] : body,
})
