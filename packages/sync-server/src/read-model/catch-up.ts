/**
 * How the tables follow the log. Events are applied in groups: when so many wait that the next append applies them in its own
 * transaction, and before anything is read. So readers see every event, a push of a few pays nothing, and the pages of the
 * tables are written once for many events.
 */
import type { StoredEvent } from '../event-log/event.ts'
import { readEvents, readHead } from '../event-log/sql-events.ts'
import type { Sql } from '../event-log/sql-log.ts'
import { project } from './project.ts'
import { readApplied, writeApplied } from './schema.ts'

/** Events that may wait. Applying as many takes about as long as a slow disk takes to sync one commit. */
const MAX_WAITING = 1_000

/** Events applied in one transaction. */
const MAX_GROUP = 10_000

/** Characters of args applied in one transaction, unless it is one event. */
const MAX_GROUP_LENGTH = 4 * 1024 * 1024

/** The events after `since`, at most `limit`. */
type EventsAfter = (since: number, limit: number) => Iterable<StoredEvent>

/**
 * Applies a group when many events wait. Call it in the transaction of an append, after the events are stored.
 *
 * @param eventsAfter a log that has them in memory need not read them
 */
export const afterAppend = (sql: Sql, head: number, eventsAfter: EventsAfter): void => {
  if (head - readApplied(sql) >= MAX_WAITING) applyGroup(sql, eventsAfter)
}

/**
 * Applies all events. Between two groups others run, and may append.
 *
 * @param sql asked for at each group
 * @param read called when all events are applied, before anyone else runs
 */
export const catchUp = async <A = void>(sql: () => Sql, read?: (sql: Sql) => A): Promise<A> => {
  for (;;) {
    const database = sql()
    if (!applyGroup(database, (since, limit) => readEvents(database, since, limit))) return read?.(database) as A
    await new Promise((resolve) => void setTimeout(resolve, 0))
  }
}

/** Applies the next group in one transaction. @returns whether there are more events */
const applyGroup = (sql: Sql, eventsAfter: EventsAfter): boolean => {
  if (readApplied(sql) === readHead(sql)) return false
  return sql.transaction(() => {
    const { events, more } = takeGroup(eventsAfter(readApplied(sql), MAX_GROUP + 1))
    project(sql, events)
    writeApplied(sql, events.at(-1)!.seqNum)
    return more
  })
}

const takeGroup = (
  events: Iterable<StoredEvent>,
): { readonly events: readonly StoredEvent[]; readonly more: boolean } => {
  const group: StoredEvent[] = []
  let length = 0
  for (const event of events) {
    length += event.argsJson?.length ?? 0
    if (group.length === MAX_GROUP || (group.length > 0 && length > MAX_GROUP_LENGTH))
      return { events: group, more: true }
    group.push(event)
  }
  return { events: group, more: false }
}
