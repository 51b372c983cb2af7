/** The server of the simulation over the real handler of `packages/sync-server`, its memory adapter, and virtual time. */
import { memoryLogs } from '../../../sync-server/src/adapters/memory.ts'
import { eventToJson } from '../../../sync-server/src/event-log/event.ts'
import { createHandler } from '../../../sync-server/src/http/handler.ts'
import { toResponse } from '../../../sync-server/src/http/reply.ts'
import { COMMITTED_NAME, type GlobalEvent, type Server, type ServerOptions, STORE } from './server.ts'

export interface HttpServer {
  readonly makeServer: (options: ServerOptions) => Server
  /** what the event log holds */
  readonly read: () => Promise<readonly { readonly seqNum: number; readonly sessionId: string }[]>
}

export const openHttpServer = async (): Promise<HttpServer> => {
  const logs = memoryLogs()
  const log = await logs.open(STORE)
  const mirror: GlobalEvent[] = []

  const makeServer = ({ publish, pageLimit, clock }: ServerOptions): Server => {
    const handle = createHandler(
      {
        logs,
        authenticate: async () => ({ sub: 'user', stores: { [STORE]: ['read', 'write'] } }) as never,
        onError: (error) => {
          throw error
        },
        // All but `REFUSED_NAME`.
        eventNames: [COMMITTED_NAME],
        clock,
      },
      {
        publish: (_, { since, events }) => {
          const added = events.map((event) => JSON.parse(eventToJson(event)) as GlobalEvent)
          mirror.push(...added)
          publish({ since, events: added })
        },
        openStream: () => Promise.reject(new Error('The simulation has sockets.')),
      },
    )
    const head = () => ({ backendId: log.backendId, head: mirror.length })
    return {
      handle: async ({ method, path, body }) => {
        const request = new Request(`http://server/sync/${STORE}${path}`, {
          method,
          headers: { authorization: 'Bearer token' },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
        const response = toResponse(await handle(request))
        return { status: response.status, body: await response.json() }
      },
      settle,
      hello: (since) => ({ ...head(), since, events: mirror.slice(since, since + pageLimit) }),
      head,
      log: () => mirror,
    }
  }

  return {
    makeServer,
    read: async () => (await log.read(0, { limit: 1_000_000, maxBytes: Infinity })).events,
  }
}

/** Turns of the event loop in which promises of streams settle. */
const TURNS = 3

let digests = 0
const digest = crypto.subtle.digest.bind(crypto.subtle)
/** Digests take time of their own: the handler has to get there before the next step. */
crypto.subtle.digest = async (...args) => {
  digests++
  try {
    return await digest(...args)
  } finally {
    digests--
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < TURNS; turn++) {
    do await new Promise((resolve) => setImmediate(resolve))
    while (digests > 0)
  }
}
