/**
 * The numbers of events: `global` counts what syncs, `client` counts what stays on this device behind it, and
 * `rebaseGeneration` grows with each rebase of a leader's log.
 *
 * Within one log a number is given out once, since a rebase starts a higher generation. So a parent that is equal in all three
 * parts is the same event on both sides, and a push whose first parent is the head of the log continues exactly what its
 * sender knows.
 */

export interface EventNumber {
  readonly global: number
  readonly client: number
  readonly rebaseGeneration: number
}

/** What the sync machines read of an event. */
export interface NumberedEvent {
  readonly name: string
  readonly args: unknown
  readonly clientId: string
  readonly sessionId: string
  readonly seqNum: EventNumber
  readonly parentSeqNum: EventNumber
}

export interface NumberPair {
  readonly seqNum: EventNumber
  readonly parentSeqNum: EventNumber
}

/** The parent of the first event. */
export const ROOT: EventNumber = { global: 0, client: 0, rebaseGeneration: 0 }

export const isSameNumber = (a: EventNumber, b: EventNumber): boolean =>
  a.global === b.global && a.client === b.client && a.rebaseGeneration === b.rebaseGeneration

/** The order within a log, which generations do not change. */
export const compareNumbers = (a: EventNumber, b: EventNumber): number => a.global - b.global || a.client - b.client

/** Events that stay on this device have a `client` part, those that sync do not. */
export const isClientOnly = ({ seqNum }: NumberedEvent): boolean => seqNum.client > 0

/** The number after `head`. The parent of an event that syncs is the last one that syncs. */
export const nextNumber = (
  head: EventNumber,
  clientOnly: boolean,
  rebaseGeneration = head.rebaseGeneration,
): NumberPair =>
  clientOnly
    ? { seqNum: { global: head.global, client: head.client + 1, rebaseGeneration }, parentSeqNum: head }
    : {
        seqNum: { global: head.global + 1, client: 0, rebaseGeneration },
        parentSeqNum: { global: head.global, client: 0, rebaseGeneration: head.rebaseGeneration },
      }

/** Whether an event's number is the next one after `head`, whatever the generation. */
export const isNextNumber = (head: EventNumber, event: NumberedEvent): boolean =>
  compareNumbers(event.seqNum, nextNumber(head, isClientOnly(event)).seqNum) === 0

/** Whether an event continues the log that ends at `head`: the next number, and the same parent in the same generation. */
export const continues = (head: EventNumber, event: NumberedEvent): boolean =>
  isNextNumber(head, event) && isSameNumber(event.parentSeqNum, nextNumber(head, isClientOnly(event)).parentSeqNum)

/** Whether each event continues the one before. */
export const isContiguous = (events: readonly NumberedEvent[]): boolean =>
  events.every((event, index) => index === 0 || continues(events[index - 1]!.seqNum, event))

/** Numbers events in a row after `head`. */
export const renumberAll = <E extends NumberedEvent>(
  head: EventNumber,
  events: readonly E[],
  renumber: (event: E, numbers: NumberPair) => E,
  rebaseGeneration = head.rebaseGeneration,
): E[] => {
  let last = head
  return events.map((event) => {
    const renumbered = renumber(event, nextNumber(last, isClientOnly(event), rebaseGeneration))
    last = renumbered.seqNum
    return renumbered
  })
}
