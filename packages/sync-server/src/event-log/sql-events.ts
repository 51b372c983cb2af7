/** Events of the log in SQLite. */
import type { StoredEvent } from './event.ts'
import type { Sql } from './sql-log.ts'

const EVENTS =
  'SELECT seqNum, name, args, clientId, sessionId, sub, at FROM events WHERE seqNum > ? ORDER BY seqNum LIMIT ?'

/** At most `limit` events after `since`. Rows are read as they are asked for. */
export function* readEvents(sql: Sql, since: number, limit: number): Generator<StoredEvent, void> {
  for (const row of sql.rows(EVENTS, since, limit)) yield toStoredEvent(row)
}

/** Number of the last event; 0 while the log is empty. */
export const readHead = (sql: Sql): number => {
  for (const { head } of sql.rows('SELECT coalesce(max(seqNum), 0) AS head FROM events')) return Number(head)
  return 0
}

/** A row of `events`, or of a table with its columns. */
export const toStoredEvent = (row: Readonly<Record<string, unknown>>): StoredEvent => ({
  name: row.name as string,
  argsJson: (row.args as string | null) ?? undefined,
  seqNum: row.seqNum as number,
  clientId: row.clientId as string,
  sessionId: row.sessionId as string,
  sub: (row.sub as string | null) ?? undefined,
  at: row.at as number,
})
