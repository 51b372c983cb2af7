/** The body of `POST /events`, from its text to numbered events. What an event says is judged later: `gate/judge-push.ts`. */
import { malformed, type Refusal, toJsonText } from '@rockpool/access'
import type { JudgedEvent } from '../gate/judge-push.ts'
import { SyncError } from './errors.ts'
import { MAX_EVENTS } from './route.ts'

export interface PushRequest {
  readonly backendId: string | undefined
  readonly parent: number
  /** whether the events may get other numbers */
  readonly mayRenumber: boolean
  readonly events: readonly JudgedEvent[]
}

/** @throws SyncError `bad_request`, `too_large` */
export const parsePush = (text: string): PushRequest => {
  const body = parseJson(text)
  if (!isObject(body)) throw bad('The body has to be {"parent": number, "events": [...]}.')
  const { backendId, parent, mayRenumber = false, events } = body
  if (backendId !== undefined && typeof backendId !== 'string') throw bad('"backendId" has to be a string.')
  if (typeof mayRenumber !== 'boolean') throw bad('"mayRenumber" has to be true or false.')
  if (!isSeqNum(parent)) throw bad('"parent" has to be an integer from 0.')
  if (!Array.isArray(events) || events.length === 0) throw bad('"events" has to be a list of at least one event.')
  if (events.length > MAX_EVENTS) throw new SyncError('too_large', `Send at most ${MAX_EVENTS} events at a time.`)
  if (!isSeqNum(parent + events.length)) throw bad('The numbers of these events are too large.')
  const judged = events.map((event, index) => parseEvent(event, parent + index, index))
  return { backendId, parent, mayRenumber, events: judged }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw bad('The body has to be JSON.')
  }
}

const parseEvent = (event: unknown, parent: number, index: number): JudgedEvent => {
  const fail = (problem: string) => bad(`events[${index}]: ${problem}`, index)
  if (!isObject(event)) throw fail('it has to be an object.')
  const { name, args, seqNum, parentSeqNum, clientId, sessionId } = event
  if (typeof name !== 'string') throw fail('"name" has to be a string.')
  if (typeof clientId !== 'string') throw fail('"clientId" has to be a string.')
  if (typeof sessionId !== 'string') throw fail('"sessionId" has to be a string.')
  if (parentSeqNum !== parent) throw fail(`"parentSeqNum" has to be ${parent}: events are numbered without a gap.`)
  if (seqNum !== parent + 1) throw fail(`"seqNum" has to be ${parent + 1}: events are numbered without a gap.`)
  const { argsJson, defect } = argsToJson(name, args)
  return { event: { name, argsJson, seqNum, clientId, sessionId }, args, defect }
}

const argsToJson = (name: string, args: unknown): { argsJson: string | undefined; defect: Refusal | undefined } => {
  if (args === undefined) return { argsJson: undefined, defect: undefined }
  const json = toJsonText(args)
  if ('text' in json) return { argsJson: json.text, defect: undefined }
  // No log has such args. This stands for them while the push is compared with the log, and equals nothing there.
  return { argsJson: `"${crypto.randomUUID()}"`, defect: malformed('bad_event', name, `has args that ${json.problem}`) }
}

const bad = (message: string, index?: number) =>
  new SyncError('bad_request', message, index === undefined ? {} : { index })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSeqNum = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
