/**
 * How the tables follow the log. Events are applied in groups, outside of appends: in the background when many wait, and before
 * anything is read. So readers see every event, an append pays nothing, and the pages of the tables are written once for many
 * events. What a crash leaves is applied at the next opening.
 */
import { RECORD_EVENT_NAMES } from '@rockpool/core/records'
import type { StoredEvent } from '../event-log/event.ts'
import type { RecentEvents } from '../event-log/recent-events.ts'
import { readHead, readNamedEvents } from '../event-log/sql-events.ts'
import type { Sql } from '../event-log/sql.ts'
import { project } from './project.ts'
import { readApplied, writeApplied } from './schema.ts'

/** Events that wait for the background. Applying as many takes some 40 ms, in which nothing else runs. */
export const MAX_WAITING = 2_500

/**
 * Events that may wait at all. The background keeps far below it, unless it fails: then an append meets its error, too, instead
 * of leaving ever more to the next reader.
 */
export const MAX_BACKLOG = 10 * MAX_WAITING

/** Events applied in one transaction. */
export const MAX_GROUP = 10_000

/** Characters of args applied in one transaction, unless it is one event. */
export const MAX_GROUP_LENGTH = 4 * 1024 * 1024

/**
 * Applies a group when the background does not keep up. Call it in the transaction of an append, after the events are stored.
 *
 * @returns the head at which this has to be called again
 */
export const applyBacklog = (sql: Sql, head: number): number => {
  if (head - readApplied(sql) >= MAX_BACKLOG) applyGroup(sql)
  return readApplied(sql) + MAX_BACKLOG
}

/** Applies events in the background, a group at a time; between two groups requests are served. */
export interface Follower {
  /** Call it after an append. @param head number of the last event */
  follow(head: number): void
  /** Nothing is applied any more. Call it before the database is closed. */
  stop(): void
}

/** @param recent events that need not be read */
export const createFollower = (sql: Sql, recent?: RecentEvents): Follower => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  /** fewer events than {@link MAX_WAITING} wait below this number */
  let nextLook = 0

  const applyNext = () => {
    timer = undefined
    try {
      applyGroup(sql, recent)
    } catch {
      // The events still wait, so the error comes again: to the next reader, or to an append at MAX_BACKLOG.
      return
    }
    follow(readHead(sql))
  }

  const follow = (head: number) => {
    if (timer !== undefined || isStopped || head < nextLook) return
    const waiting = head - readApplied(sql)
    nextLook = head + MAX_WAITING - waiting
    if (waiting >= MAX_WAITING) timer = setTimeout(applyNext, 0)
  }

  return {
    follow,
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
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
    if (!applyGroup(database)) return read?.(database) as A
    await new Promise((resolve) => void setTimeout(resolve, 0))
  }
}

/** Applies the next group in one transaction. @returns whether there are more events */
const applyGroup = (sql: Sql, recent?: RecentEvents): boolean => {
  const [applied, head] = [readApplied(sql), readHead(sql)]
  if (applied === head) return false
  const until = Math.min(head, applied + MAX_GROUP)
  const apply = () => {
    const { events, last } = takeGroup(
      recent?.take(applied, until - applied) ?? readFileEvents(sql, applied, until),
      until,
    )
    project(sql, events)
    writeApplied(sql, last)
    return last < head
  }
  // What a power cut takes is applied again.
  return sql.transaction(apply, { durable: false })
}

const readFileEvents = (sql: Sql, since: number, until: number) =>
  readNamedEvents(sql, since, until, RECORD_EVENT_NAMES)

/** The first of the events, and the number up to which there are no others: `until`, unless they are too long for one group. */
const takeGroup = (
  events: Iterable<StoredEvent>,
  until: number,
): { readonly events: readonly StoredEvent[]; readonly last: number } => {
  const group: StoredEvent[] = []
  let length = 0
  for (const event of events) {
    length += event.argsJson?.length ?? 0
    if (group.length > 0 && length > MAX_GROUP_LENGTH) return { events: group, last: event.seqNum - 1 }
    group.push(event)
  }
  return { events: group, last: until }
}
