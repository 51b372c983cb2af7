/**
 * The sync server of docs/contracts/sync-http.md without HTTP: its own `append` over a list. `http-server.ts` is the same
 * over the real handler; a test compares the two.
 */
import type { EventStorage } from '../../../sync-server/src/event-log/append.ts'
import { eventToJson, type LogEvent } from '../../../sync-server/src/event-log/event.ts'
import type { Clock } from '../../../sync-server/src/clock.ts'
import type { StoreId } from '../../../protocol/src/index.ts'
import type { Machines } from './machines.ts'

export interface GlobalEvent {
  readonly name: string
  readonly args: unknown
  readonly seqNum: number
  readonly parentSeqNum: number
  readonly clientId: string
  readonly sessionId: string
}

export interface ServerRequest {
  readonly method: 'GET' | 'POST'
  /** below the store */
  readonly path: string
  readonly body?: unknown
}

export interface ServerResponse {
  readonly status: number
  readonly body: unknown
}

export interface Server {
  readonly handle: (request: ServerRequest) => Promise<ServerResponse>
  /** Resolves when every request has its response or waits for another step. */
  readonly settle: () => Promise<void>
  /** The first message of a socket. */
  readonly hello: (since: number) => unknown
  readonly head: () => { readonly backendId: string; readonly head: number }
  readonly log: () => readonly GlobalEvent[]
}

export interface ServerOptions {
  readonly machines: Machines
  readonly pageLimit: number
  readonly maxBetween: number
  readonly clock: Clock
  /** After each append, before the response. */
  readonly publish: (message: { since: number; events: readonly GlobalEvent[] }) => void
}

const BACKEND_ID = 'simulated'
/** Events of this name are taken. */
export const COMMITTED_NAME = 'made'
/** Events of this name are refused for good. */
export const REFUSED_NAME = 'refused'
export const STORE = 'store' as StoreId

const toLogEvent = ({ name, args, seqNum, clientId, sessionId }: GlobalEvent): LogEvent => ({
  name,
  argsJson: JSON.stringify(args),
  seqNum,
  clientId,
  sessionId,
})

/** The server's promises settle within this many. */
const MICROTASKS = 12

export const makeServer = ({ machines, pageLimit, maxBetween, publish }: ServerOptions): Server => {
  const log: GlobalEvent[] = []
  const logEvents: LogEvent[] = []
  const page = (since: number) => log.slice(since, since + pageLimit)
  const head = () => ({ backendId: BACKEND_ID, head: log.length })

  const push = ({ parent, mayRenumber, events }: PushBody): ServerResponse => {
    const storage: EventStorage = {
      head: log.length,
      usage: () => ({ events: log.length, bytes: 0 }),
      eventsAfter: (since, limit) => logEvents.slice(since, since + limit),
      insert: (added) => {
        logEvents.push(...added)
        log.push(...added.map((event) => JSON.parse(eventToJson(event)) as GlobalEvent))
      },
    }
    const check = (firstNew: number) => {
      const refused = events.findIndex(({ name }, index) => index >= firstNew && name === REFUSED_NAME)
      return refused === -1 ? events.length : refused
    }
    const options = { sub: undefined, at: 0, check, maxBetween: mayRenumber ? maxBetween : 0 }
    const result = machines.append(storage, parent, events.map(toLogEvent), options)
    if (result.kind === 'parent_ahead') {
      return { status: 400, body: { error: { code: 'parent_ahead', message: 'parent is above the head' }, ...head() } }
    }
    if (result.kind === 'conflict') return { status: 409, body: { ...head(), events: page(result.common) } }
    const { added, before, common } = result
    if (added.length > 0) publish({ since: before, events: log.slice(before) })
    const body = common === undefined ? head() : { ...head(), events: page(common) }
    const { taken } = result
    if (taken === events.length) return { status: 200, body }
    const refused = events.flatMap(({ name }, index) =>
      index >= taken && name === REFUSED_NAME ? [{ index, code: 'refused', message: 'refused' }] : [],
    )
    return { status: 422, body: { ...body, taken, refused } }
  }

  return {
    handle: async ({ path, body }) =>
      path === '/events'
        ? push(body as PushBody)
        : { status: 200, body: { ...head(), events: page(Number(path.split('since=')[1])) } },
    settle: async () => {
      for (let index = 0; index < MICROTASKS; index++) await undefined
    },
    hello: (since) => ({ ...head(), since, events: page(since) }),
    head,
    log: () => log,
  }
}

interface PushBody {
  readonly parent: number
  readonly mayRenumber: boolean
  readonly events: readonly GlobalEvent[]
}
