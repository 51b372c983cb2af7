/** Events for tests. */
import type { LogEvent } from '../event-log/event.ts'

/** Events with the numbers `parent + 1`, `parent + 2`, … whose args hold these values. */
export const eventsAfter = (parent: number, ...values: readonly unknown[]): LogEvent[] =>
  values.map((value, index) => ({
    name: 'v1.NoteCreated',
    argsJson: JSON.stringify({ value }),
    seqNum: parent + 1 + index,
    clientId: 'client',
    sessionId: 'session',
  }))

/** The event as a client sends it. */
export const toWire = ({ argsJson, seqNum, ...event }: LogEvent) => ({
  ...event,
  ...(argsJson !== undefined && { args: JSON.parse(argsJson) as unknown }),
  seqNum,
  parentSeqNum: seqNum - 1,
})
