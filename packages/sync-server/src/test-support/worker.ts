/** The Worker of the tests: the sync server, and an object that gives access to its event log. */
import type { RemoteKey } from '@rockpool/protocol'
import { openDurableObjectLog } from '../adapters/durable-object.ts'
import type { AppendOptions, ReadLimits, Usage } from '../event-log/event-log.ts'
import type { LogEvent } from '../event-log/event.ts'
import type { SqlEventLog } from '../event-log/sql-log.ts'
import type { ReadModel } from '../read-model/read-model.ts'
import type { RedactionCause } from '../redact/redaction.ts'
import { makeSyncBackend } from '../workers/index.ts'
import { QUOTA_EVENTS } from './quota-events.ts'
import type { DurableObjectNamespace, DurableObjectState } from '../workers/runtime.ts'

const backend = makeSyncBackend({
  quota: { events: QUOTA_EVENTS },
  rateLimit: (sub) => (sub === 'hasty' ? 1_500 : 0),
  claims: (bindings) => {
    const { OBJECTS } = bindings as { readonly OBJECTS?: string }
    if (OBJECTS === undefined) return undefined
    const head = async (key: RemoteKey) => (await fetch(`${OBJECTS}/${key}`, { method: 'HEAD' })).ok
    return { head, everyMs: 0, recheckAfterMs: 10 }
  },
})

/** With a route of the app's own, for its operator. */
export class SyncBackend extends backend.SyncBackend {
  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (!pathname.startsWith('/operator/')) return super.fetch(request)
    const storeId = pathname.slice('/operator/'.length)
    try {
      const cause = { by: 'ops', reason: 'a test' }
      return Response.json(await this.redact(storeId, Number(searchParams.get('seqNum')), cause))
    } catch (error) {
      return Response.json({ code: (error as { readonly code?: string }).code }, { status: 400 })
    }
  }
}

/** A call of the port `EventLog` or of its read model, as it travels to the object. */
export type LogCall =
  | { readonly method: 'readModel'; readonly name: keyof ReadModel; readonly args: readonly unknown[] }
  /** a statement that runs behind the log's back */
  | { readonly method: 'alter'; readonly statement: string }
  /** a query that runs behind the log's back */
  | { readonly method: 'select'; readonly query: string }
  | { readonly method: 'open' }
  | { readonly method: 'head' }
  | { readonly method: 'redact'; readonly seqNum: number; readonly cause: RedactionCause }
  | { readonly method: 'redactions'; readonly options: { readonly since?: number; readonly limit?: number } }
  | { readonly method: 'read'; readonly since: number; readonly limits: ReadLimits }
  | {
      readonly method: 'append'
      readonly parent: number
      readonly events: readonly LogEvent[]
      readonly options: Omit<AppendOptions, 'check'>
      /** `ask`: the response is what `check` gets, and nothing is stored; a number: what `check` returns */
      readonly check: 'ask' | number | undefined
    }

/** What `check` gets, if the append comes so far. */
export interface Asked {
  readonly check?: { readonly firstNew: number; readonly usage: Usage }
}

export class LogObject {
  readonly #state: DurableObjectState

  constructor(state: unknown) {
    this.#state = state as DurableObjectState
  }

  async fetch(request: Request): Promise<Response> {
    const { storeId, call } = (await request.json()) as { storeId: string; call: LogCall }
    if (call.method === 'alter') {
      this.#state.storage.sql.exec(call.statement)
      return Response.json(null)
    }
    if (call.method === 'select') return Response.json(Array.from(this.#state.storage.sql.exec(call.query)))
    const log = await openDurableObjectLog(this.#state.storage, storeId)
    try {
      return Response.json((await callLog(log, call)) ?? null)
    } catch (error) {
      const { name, code, message } = error as Error & { readonly code?: string }
      return Response.json({ name, code, message }, { status: 500 })
    }
  }
}

const callLog = async (log: SqlEventLog, call: Exclude<LogCall, { method: 'alter' | 'select' }>): Promise<unknown> => {
  if (call.method === 'open') return log.backendId
  if (call.method === 'head') return log.head()
  if (call.method === 'redact') return log.redact(call.seqNum, call.cause)
  if (call.method === 'redactions') return log.redactions(call.options)
  if (call.method === 'readModel') {
    return (log.readModel[call.name] as (...args: readonly unknown[]) => Promise<unknown>)(...call.args)
  }
  if (call.method === 'read') {
    const page = await log.read(call.since, call.limits)
    return { ...page, json: page.json.map((piece) => new TextDecoder().decode(piece)) }
  }
  let asked: Asked = {}
  const check = (firstNew: number, usage: Usage) => {
    if (call.check !== 'ask') return call.check ?? call.events.length
    asked = { check: { firstNew, usage } }
    throw new Error('asked')
  }
  try {
    return await log.append(call.parent, call.events, { ...call.options, check })
  } catch (error) {
    if (asked.check === undefined) throw error
    return asked
  }
}

export default {
  fetch: (request: Request, bindings: { SYNC_BACKEND: DurableObjectNamespace; LOGS: DurableObjectNamespace }) => {
    const { pathname } = new URL(request.url)
    const { SYNC_BACKEND: objects } = bindings
    // An app whose own Worker asks the wrong object.
    if (pathname === '/sync/misrouted/head') return objects.get(objects.idFromName('another')).fetch(request)
    if (pathname.startsWith('/operator/')) {
      return objects.get(objects.idFromName(pathname.slice('/operator/'.length))).fetch(request)
    }
    if (!pathname.startsWith('/log/')) return backend.worker.fetch(request, bindings)
    return bindings.LOGS.get(bindings.LOGS.idFromName(pathname)).fetch(request)
  },
}
