/** The events of a log that appends are compared with, read before the comparison: that one is synchronous. */
import type { TransactionSql } from 'postgres'
import type { Append } from '../../event-log/waiting-appends.ts'
import type { LogEvent, StoredEvent } from '../../event-log/event.ts'
import type { RecentEvents } from '../../event-log/recent-events.ts'
import { arrayLiteral } from './array-literal.ts'
import { type EventRow, toStoredEvent } from './rows.ts'

export interface Needed {
  /** events after this number … */
  readonly since: number
  /** … up to this one: all of them */
  readonly until: number
  /** of the later ones, up to the head: those with one of these session ids */
  readonly sessionIds: readonly string[]
}

/**
 * Which events `append` compares a push with: those under its numbers and, when it may be stored behind others', the ones that
 * it may repeat. Pure.
 *
 * @param head of the log before the group
 */
export const neededFor = ({ parent, events, options }: Append, head: number): Needed | undefined => {
  if (parent >= head) return undefined
  const until = Math.min(parent + events.length, head)
  // The last common event is below `until`: with more events after it than `maxBetween`, the push conflicts.
  const mayRenumber = head - (until - 1) <= (options.maxBetween ?? 0)
  // No check has seen these ids yet. Postgres refuses a query with NUL, which would fail the pushes of others in this transaction.
  const sessionIds = events.map((event) => event.sessionId).filter((id) => !id.includes('\0'))
  return { since: parent, until, sessionIds: mayRenumber ? [...new Set(sessionIds)] : [] }
}

/** Events by number. */
export interface LoadedEvents {
  add(events: readonly StoredEvent[]): void
  /** Those that are loaded, of the `limit` numbers after `since`. */
  after(since: number, limit: number): readonly LogEvent[]
}

/** Loads what the appends of a group need. */
export const loadEvents = async (
  transaction: TransactionSql,
  storeId: string,
  appends: readonly Append[],
  head: number,
  recent: RecentEvents,
): Promise<LoadedEvents> => {
  const loaded = new Map<number, StoredEvent>()
  const add = (events: readonly StoredEvent[]) => {
    for (const event of events) loaded.set(event.seqNum, event)
  }
  // All queries are sent before the first response.
  await Promise.all(
    appends.map(async (append) => {
      const needed = neededFor(append, head)
      if (!needed) return
      const { since, until, sessionIds } = needed
      const last = sessionIds.length > 0 ? head : until
      const inMemory = recent.take(since, last - since)
      if (inMemory) return add(inMemory)
      const rows = await transaction<EventRow[]>`
        SELECT * FROM rockpool.events
        WHERE store_id = ${storeId} AND seq_num > ${since} AND seq_num <= ${last}
          AND (seq_num <= ${until} OR session_id = ANY (${arrayLiteral(sessionIds)}::text[]))`
      add(rows.map(toStoredEvent))
    }),
  )
  return {
    add,
    after: (since, limit) => {
      const events: StoredEvent[] = []
      for (let seqNum = since + 1; seqNum <= since + limit; seqNum++) {
        const event = loaded.get(seqNum)
        if (event) events.push(event)
      }
      return events
    },
  }
}
