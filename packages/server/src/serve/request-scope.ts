/** What belongs to the request under way, for code far below that logs or asks the object store. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span } from './tracing.ts'

export interface RequestScope {
  readonly requestId: string
  /** undefined unless the request is traced */
  readonly span: Span | undefined
  /** for the request's line in the log, from whichever part finds it out */
  readonly found: {
    /** user of the token */
    sub?: string
    storeId?: string
    /** pattern of the path, such as `/objects/*`. Never the path: it may hold names of files, or a signature */
    route: string
    /** cause of a 5xx, for the operator */
    error?: string
  }
}

const storage = new AsyncLocalStorage<RequestScope>()

/** undefined outside of requests, as in the collector */
export const currentRequest = (): RequestScope | undefined => storage.getStore()

export const inRequest = <A>(scope: RequestScope, run: () => A): A => storage.run(scope, run)

/** For work that a request started but that lives on, as replication: its lines are not the request's. */
export const outsideRequests = <A>(run: () => A): A => storage.exit(run)
