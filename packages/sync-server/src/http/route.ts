/** Which call a request is. */
import { isStoreId, type StoreId } from '@rockpool/protocol'
import { SyncError } from './errors.ts'

export type Call = 'head' | 'events' | 'push' | 'live'

export interface Route {
  readonly storeId: StoreId
  readonly call: Call
}

const CALLS: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  head: { GET: 'head' },
  events: { GET: 'events', POST: 'push' },
  live: { GET: 'live' },
}

/**
 * @param basePath what stands before `/<storeId>`
 * @throws SyncError `not_found`, `method_not_allowed`
 */
export const parseRoute = (method: string, pathname: string, basePath: string): Route => {
  const [storeId, name, ...rest] = pathname.startsWith(`${basePath}/`)
    ? pathname.slice(basePath.length + 1).split('/')
    : []
  const isCall = name !== undefined && rest.length === 0 && Object.hasOwn(CALLS, name)
  if (storeId === undefined || !isStoreId(storeId) || !isCall) {
    throw new SyncError('not_found', `Not found. Calls are ${basePath}/<storeId>/head, /events and /live.`)
  }
  const methods = CALLS[name]!
  if (!Object.hasOwn(methods, method)) {
    const allow = Object.keys(methods).join(', ')
    throw new SyncError('method_not_allowed', `Use ${allow.replace(', ', ' or ')} for this call.`, { allow })
  }
  return { storeId, call: methods[method]! }
}

export const MAX_EVENTS = 1_000

/** @throws SyncError `bad_request` */
export const parseSince = (query: URLSearchParams): number =>
  parseInteger(query, 'since', 0, Number.MAX_SAFE_INTEGER) ?? 0

/** @throws SyncError `bad_request` */
export const parseLimit = (query: URLSearchParams): number => parseInteger(query, 'limit', 1, MAX_EVENTS) ?? MAX_EVENTS

const parseInteger = (query: URLSearchParams, name: string, min: number, max: number): number | undefined => {
  const text = query.get(name)
  if (text === null) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new SyncError('bad_request', `"${name}" has to be an integer from ${min} to ${max}.`)
}
