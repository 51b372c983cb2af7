/**
 * The sync server of docs/contracts/sync-http.md without HTTP: the server's own decisions (`planAppend`, `createTurns`)
 * over a list.
 * `http-server.ts` is the same over the real handler; a test compares the two.
 */
import { isSameEvent, type LogEvent } from '../../../sync-server/src/event-log/event.ts'
import { createTurns } from '../../../sync-server/src/http/turns.ts'
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
  /** The log survives. */
  readonly restart: () => void
  /** The first message of a socket. */
  readonly hello: (since: number) => unknown
  readonly head: () => { readonly backendId: string; readonly head: number }
  readonly log: () => readonly GlobalEvent[]
}

export interface ServerOptions {
  readonly machines: Machines
  readonly pageLimit: number
  readonly clock: Clock
  /** After each append, before the response. */
  readonly publish: (message: { since: number; events: readonly GlobalEvent[] }) => void
}

const BACKEND_ID = 'simulated'
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

export const makeServer = ({ machines, pageLimit, clock, publish }: ServerOptions): Server => {
  const log: GlobalEvent[] = []
  const logEvents: LogEvent[] = []
  let turns = createTurns(clock)
  const page = (since: number) => log.slice(since, since + pageLimit)
  const head = () => ({ backendId: BACKEND_ID, head: log.length })

  const push = async ({ parent, events }: PushBody): Promise<ServerResponse> => {
    const pushed = events.map(toLogEvent)
    const turn = await turns.wait(STORE, events[0]!.clientId)
    const stored = logEvents.slice(parent, parent + pushed.length)
    const plan = machines.planAppend({ parent, head: log.length, pushed, stored, isSame: isSameEvent })
    turn.end(plan.kind === 'append' ? 'appended' : plan.kind === 'conflict' ? 'conflict' : 'failed')
    if (plan.kind === 'parent_ahead') {
      return { status: 400, body: { error: { code: 'parent_ahead', message: 'parent is above the head' }, ...head() } }
    }
    if (plan.kind === 'conflict') return { status: 409, body: { ...head(), events: page(plan.common) } }
    const since = log.length
    const added = events.slice(plan.firstNew)
    log.push(...added)
    logEvents.push(...pushed.slice(plan.firstNew))
    if (added.length > 0) publish({ since, events: added })
    return { status: 200, body: head() }
  }

  return {
    handle: async ({ path, body }) =>
      path === '/events'
        ? push(body as PushBody)
        : { status: 200, body: { ...head(), events: page(Number(path.split('since=')[1])) } },
    settle: async () => {
      for (let index = 0; index < MICROTASKS; index++) await undefined
    },
    restart: () => {
      turns = createTurns(clock)
    },
    hello: (since) => ({ ...head(), since, events: page(since) }),
    head,
    log: () => log,
  }
}

interface PushBody {
  readonly parent: number
  readonly events: readonly GlobalEvent[]
}
