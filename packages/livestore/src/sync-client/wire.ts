/**
 * Messages of the sync server (`docs/contracts/sync-http.md`), decoded. What a server sends is checked here once: LiveStore
 * keeps the first backend id by an SQL statement without parameters, and a gap between events ends its pull.
 */
import type { LiveStoreEvent } from '@livestore/common/schema'
import { isQuotaUsage, type QuotaUsage } from '@rockpool/protocol'
import { inertIfTooDeep } from '../records/inert-event.ts'

export type SyncEvent = LiveStoreEvent.Global.Encoded

/** Where a log stands: the body of `/head`, of a push that was not overtaken, and of the response to a ping. */
export interface LogHead {
  readonly backendId: string
  readonly head: number
}

/** Events that follow number `since`, without a gap. */
export interface EventPage extends LogHead {
  readonly since: number
  readonly events: readonly SyncEvent[]
}

/** Why the server refuses one event of a push. */
export interface Refusal {
  /** counts from the first event of the request */
  readonly index: number
  readonly code: string
  readonly message: string
  /** with `quota_exceeded` by a quota of files */
  readonly usage?: QuotaUsage
}

/** The body of a push of which events are refused: the first `taken` events are in the log. */
export interface Refusals extends LogHead {
  readonly taken: number
  readonly refused: readonly Refusal[]
}

/** The body of an error. */
export interface WireError {
  readonly code: string
  readonly message: string
}

const BACKEND_ID = /^[\w.:-]{1,200}$/

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const isSeqNum = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isEvent = (value: unknown): value is SyncEvent =>
  isObject(value) &&
  typeof value.name === 'string' &&
  isSeqNum(value.seqNum) &&
  value.parentSeqNum === value.seqNum - 1 &&
  typeof value.clientId === 'string' &&
  typeof value.sessionId === 'string'

/** Undefined when it is anything else. */
export const decodeHead = (value: unknown): LogHead | undefined =>
  isObject(value) && typeof value.backendId === 'string' && BACKEND_ID.test(value.backendId) && isSeqNum(value.head)
    ? { backendId: value.backendId, head: value.head }
    : undefined

/** A page of events. `since` is in messages of the socket only; the caller of `GET /events` knows it. */
export const decodePage = (value: unknown, since?: number): EventPage | undefined => {
  const log = decodeHead(value)
  if (log === undefined || !isObject(value) || !Array.isArray(value.events)) return undefined
  const events: readonly unknown[] = value.events
  if (!events.every(isEvent)) return undefined
  const first = events[0]?.parentSeqNum
  const start = since ?? value.since ?? first ?? log.head
  if (!isSeqNum(start) || (first !== undefined && first !== start)) return undefined
  if (events.some((event, index) => event.parentSeqNum !== start + index)) return undefined
  // A log that has these events is at least this long.
  const head = Math.max(log.head, events.at(-1)?.seqNum ?? 0)
  return { ...log, head, since: start, events: events.map(inertIfTooDeep) }
}

const decodeRefusal = (value: unknown): Refusal | undefined => {
  if (!isObject(value) || !isSeqNum(value.index)) return undefined
  const { index, code, message, usage } = value
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  return { index, code, message, ...(isQuotaUsage(usage) && { usage }) }
}

/** The body of a `422`; undefined when it is anything else. */
export const decodeRefusals = (value: unknown): Refusals | undefined => {
  const log = decodeHead(value)
  if (log === undefined || !isObject(value) || !isSeqNum(value.taken)) return undefined
  if (!Array.isArray(value.refused) || value.refused.length === 0) return undefined
  const refused = value.refused.flatMap((each: unknown) => decodeRefusal(each) ?? [])
  return refused.length === value.refused.length ? { ...log, taken: value.taken, refused } : undefined
}

export const decodeError = (value: unknown): WireError | undefined => {
  if (!isObject(value) || !isObject(value.error)) return undefined
  const { code, message } = value.error
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined
}

/** One message of the socket: a page, or the head in response to a ping. */
export const decodeLiveMessage = (data: unknown): EventPage | LogHead | undefined => {
  if (typeof data !== 'string') return undefined
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return undefined
  }
  return isObject(value) && 'events' in value ? decodePage(value) : decodeHead(value)
}
