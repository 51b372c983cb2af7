/**
 * The order of events whose numbers no server checked. sync-cf compares the parent of a push's first event with its head, and stores
 * every number: one event numbered 1001 after event 1, and no device reads on. Pure.
 */

export interface NumberedEvent {
  /** integers as text, of any size */
  readonly seqNum: string
  readonly parentSeqNum: string
}

export type OrderedEvents<Event> =
  /** all events, of which those before the first wrong number keep theirs */
  | { readonly events: readonly Event[] }
  /** number of an event that is not there, though another one was pushed after it */
  | { readonly missing: number }

/**
 * An event with the next number comes next, whatever its parent. Where there is none, the next event is one that was pushed after the
 * last one, else one that was pushed after any earlier one.
 *
 * @param rows in the order of their numbers, which are unique
 */
export const orderEvents = <Event extends NumberedEvent>(rows: readonly Event[]): OrderedEvents<Event> => {
  const waiting = new Map(rows.map((row) => [row.seqNum, row]))
  const byParent = Map.groupBy(rows, ({ parentSeqNum }) => parentSeqNum)
  const placed = new Set(['0'])
  const events: Event[] = []
  let last = '0'
  while (waiting.size > 0) {
    const next =
      waiting.get(String(events.length + 1)) ??
      byParent.get(last)?.find(({ seqNum }) => waiting.has(seqNum)) ??
      [...waiting.values()].find(({ parentSeqNum }) => placed.has(parentSeqNum))
    if (!next) return { missing: events.length + 1 }
    last = next.seqNum
    waiting.delete(last)
    placed.add(last)
    events.push(next)
  }
  return { events }
}
