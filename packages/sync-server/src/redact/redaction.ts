/** What a redaction is, and what stands in the log in place of the event. */
import { INERT_EVENT } from '@rockpool/core/records'
import { RockpoolError } from '@rockpool/protocol'
import type { LogEvent, StoredEvent } from '../event-log/event.ts'
import type { LiveUpdate } from '../live/message.ts'

/** Who redacts an event, and why. Only the audit table has it: no device sees it. */
export interface RedactionCause {
  /** who decided it, in words that the operator understands later */
  readonly by: string
  readonly reason: string
  /** when, in ms since 1970 */
  readonly at: number
}

/** A row of the audit table. */
export interface Redaction extends RedactionCause {
  /** the event as it was, with its author and time */
  readonly original: StoredEvent
  /** the log has no such file any more: events that change it are refused */
  readonly removesFile: boolean
}

export interface RedactResult {
  readonly redaction: Redaction
  /** head before the compensating events */
  readonly before: number
  readonly head: number
  /** events that undo the original on the devices that applied it; none when it was redacted before */
  readonly added: readonly StoredEvent[]
}

/** The news for devices. Sent without events, too: a device that choked on the event sees that it lacks some, and pulls. */
export const redactionUpdate = (backendId: string, { before, head, added }: RedactResult): LiveUpdate => ({
  backendId,
  since: before,
  head,
  events: added,
})

const CLIENT_ID = 'server'

/**
 * Ids of the events that the server itself makes. The session id has the form of a commit that is unique: a device finds the
 * event under any number, and takes none of its own for it.
 */
export const serverIds = (redacted: number, index: number): Pick<LogEvent, 'clientId' | 'sessionId'> => ({
  clientId: CLIENT_ID,
  sessionId: `redact#${redacted.toString(36)}.${index.toString(36)}`,
})

/** What the log serves in place of an event. The ids of the original are gone, too: they may be what breaks devices. */
export const inertEvent = (seqNum: number): LogEvent => ({
  name: INERT_EVENT.name,
  argsJson: JSON.stringify(INERT_EVENT.args),
  seqNum,
  ...serverIds(seqNum, 0),
})

/** Whether an event stands in place of a redacted one. */
export const isInert = ({ name, argsJson, clientId }: LogEvent): boolean =>
  name === INERT_EVENT.name && argsJson === JSON.stringify(INERT_EVENT.args) && clientId === CLIENT_ID

/** Whether an event can have the number. */
export const isSeqNum = (seqNum: number): boolean => Number.isSafeInteger(seqNum) && seqNum > 0

export const noSuchEvent = (seqNum: number, head: number): RockpoolError =>
  new RockpoolError('bad_request', `The log has no event ${seqNum}. Its events are 1 to ${head}.`)
