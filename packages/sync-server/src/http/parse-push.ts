/** The body of `POST /events`, from its text to numbered events. */
import type { LogEvent } from '../event-log/event.ts'
import { SyncError } from './errors.ts'
import { toJsonText } from './json-text.ts'
import { MAX_EVENTS } from './route.ts'

export interface PushRequest {
  readonly backendId: string | undefined
  readonly parent: number
  readonly events: readonly LogEvent[]
  /** decoded args, by index */
  readonly args: readonly unknown[]
}

/** @throws SyncError `bad_request`, `too_large` */
export const parsePush = (text: string): PushRequest => {
  const body = parseJson(text)
  if (!isObject(body)) throw bad('The body has to be {"parent": number, "events": [...]}.')
  const { backendId, parent, events } = body
  if (backendId !== undefined && typeof backendId !== 'string') throw bad('"backendId" has to be a string.')
  if (!isSeqNum(parent)) throw bad('"parent" has to be an integer from 0.')
  if (!Array.isArray(events) || events.length === 0) throw bad('"events" has to be a list of at least one event.')
  if (events.length > MAX_EVENTS) throw new SyncError('too_large', `Send at most ${MAX_EVENTS} events at a time.`)
  if (!isSeqNum(parent + events.length)) throw bad('The numbers of these events are too large.')
  return {
    backendId,
    parent,
    events: events.map((event, index) => parseEvent(event, parent + index, index)),
    args: events.map((event) => event.args),
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw bad('The body has to be JSON.')
  }
}

const parseEvent = (event: unknown, parent: number, index: number): LogEvent => {
  const fail = (problem: string) => bad(`events[${index}]: ${problem}`, index)
  if (!isObject(event)) throw fail('it has to be an object.')
  const { name, args, seqNum, parentSeqNum, clientId, sessionId } = event
  if (!isText(name) || name === '') throw fail('"name" has to be a string of at least one character.')
  if (!isText(clientId)) throw fail('"clientId" has to be a string.')
  if (!isText(sessionId)) throw fail('"sessionId" has to be a string.')
  if (parentSeqNum !== parent) throw fail(`"parentSeqNum" has to be ${parent}: events are numbered without a gap.`)
  if (seqNum !== parent + 1) throw fail(`"seqNum" has to be ${parent + 1}: events are numbered without a gap.`)
  const base = { name, seqNum, clientId, sessionId }
  if (args === undefined) return { ...base, argsJson: undefined }
  const json = toJsonText(args)
  if ('problem' in json) throw fail(`its args ${json.problem}.`)
  return { ...base, argsJson: json.text }
}

const bad = (message: string, index?: number) =>
  new SyncError('bad_request', message, index === undefined ? {} : { index })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSeqNum = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** SQLite stores text as UTF-8, which lone surrogates do not survive; some drivers end a text at NUL. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
