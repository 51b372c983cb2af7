/**
 * How a sync provider says which events its backend refuses for good: the error of its push, or one of that error's causes,
 * has a property `refusedEvents`. LiveStore has no error for it.
 */
import { type NumberedEvent, ROOT } from '../numbers.ts'

/** An event as it was pushed. */
export interface RefusedEvent {
  readonly name: string
  readonly args?: unknown
  readonly seqNum: number
  readonly parentSeqNum: number
  readonly clientId: string
  readonly sessionId: string
}

/** The refused events that the error of a push names; none for any other error. */
export const refusedEvents = (error: unknown): readonly RefusedEvent[] => {
  for (let inner = error; typeof inner === 'object' && inner !== null; inner = (inner as { cause?: unknown }).cause) {
    const { refusedEvents: events } = inner as { refusedEvents?: readonly RefusedEvent[] }
    if (Array.isArray(events)) return events
  }
  return []
}

/** As the leader compares it with what is pending: generations do not count. */
export const toNumbered = ({ seqNum, parentSeqNum, ...event }: RefusedEvent): NumberedEvent => ({
  ...event,
  args: event.args,
  seqNum: { ...ROOT, global: seqNum },
  parentSeqNum: { ...ROOT, global: parentSeqNum },
})
