/**
 * The sync server of docs/contracts/sync-http.md without HTTP: the server's own decision (`planAppend`) over a list.
 * `http-server.ts` is the same over the real handler; a test compares the two.
 */
import { isSameEvent, type LogEvent } from '../../../sync-server/src/event-log/event.ts'
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
  /** Responds in the same step, or, over the real handler, before the next one. */
  readonly handle: (request: ServerRequest) => ServerResponse | Promise<ServerResponse>
  /** The first message of a socket. */
  readonly hello: (since: number) => unknown
  readonly head: () => { readonly backendId: string; readonly head: number }
  readonly log: () => readonly GlobalEvent[]
}

export interface ServerOptions {
  readonly machines: Machines
  readonly pageLimit: number
  /** After each append, before the response. */
  readonly publish: (message: { since: number; events: readonly GlobalEvent[] }) => void
}

const BACKEND_ID = 'simulated'

const toLogEvent = ({ name, args, seqNum, clientId, sessionId }: GlobalEvent): LogEvent => ({
  name,
  argsJson: JSON.stringify(args),
  seqNum,
  clientId,
  sessionId,
})

export const makeServer = ({ machines, pageLimit, publish }: ServerOptions): Server => {
  const log: GlobalEvent[] = []
  const logEvents: LogEvent[] = []
  const page = (since: number) => log.slice(since, since + pageLimit)
  const head = () => ({ backendId: BACKEND_ID, head: log.length })

  const push = ({ parent, events }: { parent: number; events: readonly GlobalEvent[] }): ServerResponse => {
    const pushed = events.map(toLogEvent)
    const stored = logEvents.slice(parent, parent + pushed.length)
    const plan = machines.planAppend({ parent, head: log.length, pushed, stored, isSame: isSameEvent })
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
    handle: ({ path, body }) => {
      if (path === '/events') return push(body as Parameters<typeof push>[0])
      if (path === '/head') return { status: 200, body: head() }
      return { status: 200, body: { ...head(), events: page(Number(path.split('since=')[1])) } }
    },
    hello: (since) => ({ ...head(), since, events: page(since) }),
    head,
    log: () => log,
  }
}
