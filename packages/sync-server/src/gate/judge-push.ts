/** Which events of a push are taken. Pure. */
import { checkEvent, eventTooLarge, MAX_EVENT_BYTES, type Pusher, type Refusal } from '@rockpool/access'
import type { Usage } from '../event-log/event-log.ts'
import { eventBytes, type LogEvent } from '../event-log/event.ts'
import { checkQuota, type Quota } from './quota.ts'

export interface JudgedEvent {
  readonly event: LogEvent
  /** decoded args */
  readonly args: unknown
  /** why it can be in no log, whoever pushes it */
  readonly defect: Refusal | undefined
}

export interface GateRules {
  readonly pusher: Pusher
  readonly quota?: Quota | undefined
  /** takes room for the files of an event, after all that comes before it; undefined: there is room */
  readonly reserve?: ((name: string, args: unknown) => Refusal | undefined) | undefined
  /** whether an event brings back what was redacted; none does unless set */
  readonly isRedacted?: ((event: LogEvent) => boolean) | undefined
}

export interface Verdict {
  /** events of the push that are in the log afterwards: all before the first refused one */
  readonly taken: number
  /** in order; the first one ends the prefix, the others are refused whatever comes before them */
  readonly refused: readonly IndexedRefusal[]
}

export interface IndexedRefusal extends Refusal {
  /** index in the push */
  readonly index: number
}

/**
 * @param firstNew index of the first event that the log does not hold: earlier ones are repeats, and never refused
 * @param usage what the log holds
 */
export const judgePush = (
  { pusher, quota, reserve, isRedacted }: GateRules,
  events: readonly JudgedEvent[],
  firstNew: number,
  usage: Usage,
): Verdict => {
  const refused: IndexedRefusal[] = []
  let used = usage
  for (let index = firstNew; index < events.length; index++) {
    const { event, args, defect } = events[index]!
    const { name, clientId, sessionId } = event
    // Measured only where it counts.
    const bytes = quota?.bytes === undefined ? 0 : eventBytes(event)
    const refusal =
      defect ??
      (isRedacted?.(event) ? REDACTED : undefined) ??
      checkSize(event) ??
      checkEvent(pusher, { name, args, clientId, sessionId }) ??
      (quota && checkQuota(quota, used, { name, bytes })) ??
      // What follows a refused event is not stored.
      (refused.length === 0 ? reserve?.(name, args) : undefined)
    if (refusal) refused.push({ index, ...refusal })
    // Behind the first refused event nothing is taken, so nothing more is used.
    else if (quota && refused.length === 0) used = { events: used.events + 1, bytes: used.bytes + bytes }
  }
  return { taken: refused[0]?.index ?? events.length, refused }
}

const REDACTED: Refusal = {
  code: 'redacted',
  message:
    'The operator of the sync server removed this change or its file. Drop the change; add the file again if it is needed.',
}

/** Characters that JSON adds around the fields of an event, its number included. */
const FRAME_LENGTH = 200

const checkSize = (event: LogEvent): Refusal | undefined => {
  const { name, argsJson = '', clientId, sessionId } = event
  // A character has at most 3 bytes, and an escaped one at most 6: small events are not measured.
  const atMost = argsJson.length * 3 + (name.length + clientId.length + sessionId.length) * 6 + FRAME_LENGTH
  if (atMost <= MAX_EVENT_BYTES) return undefined
  const bytes = eventBytes(event)
  return bytes > MAX_EVENT_BYTES ? eventTooLarge(bytes) : undefined
}
