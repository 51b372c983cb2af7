/** Events of the log in SQLite. */
import type { StoredEvent } from './event.ts'
import type { Sql, SqlValue } from './sql.ts'

const COLUMNS = 'SELECT seqNum, name, args, clientId, sessionId, sub, at FROM events'
const EVENTS = `${COLUMNS} WHERE seqNum > ? ORDER BY seqNum LIMIT ?`

/** At most `limit` events after `since`. Rows are read as they are asked for. */
export function* readEvents(sql: Sql, since: number, limit: number): Generator<StoredEvent, void> {
  for (const row of sql.rows(EVENTS, since, limit)) yield toStoredEvent(row)
}

/**
 * The events after `since` up to `until` that have one of the names. SQLite leaves out the others, which takes a fraction of
 * the time of handing them over.
 */
export function* readNamedEvents(
  sql: Sql,
  since: number,
  until: number,
  names: readonly string[],
): Generator<StoredEvent, void> {
  const query = `${COLUMNS} WHERE seqNum > ? AND seqNum <= ? AND name IN (${names.map(() => '?').join(', ')}) ORDER BY seqNum`
  for (const row of sql.rows(query, since, until, ...names)) yield toStoredEvent(row)
}

/** Number of the last event; 0 while the log is empty. */
export const readHead = (sql: Sql): number => {
  for (const { head } of sql.rows('SELECT coalesce(max(seqNum), 0) AS head FROM events')) return Number(head)
  return 0
}

/** Rows of one statement: a Durable Object takes 100 values at most, and a row has 7. */
const ROWS = 10
const insertRows = (count: number) =>
  `INSERT INTO events VALUES ${Array(count).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')}`
const [INSERT_ONE, INSERT_SEVERAL] = [insertRows(1), insertRows(ROWS)]

/** Stores events without comparing. Call it in a transaction. */
export const insertEvents = (sql: Sql, events: readonly StoredEvent[]): void => {
  const several = events.length - (events.length % ROWS)
  for (let start = 0; start < several; start += ROWS) {
    sql.run(INSERT_SEVERAL, ...events.slice(start, start + ROWS).flatMap(toRow))
  }
  for (const event of events.slice(several)) sql.run(INSERT_ONE, ...toRow(event))
}

const toRow = (event: StoredEvent): SqlValue[] => {
  const { seqNum, name, argsJson, clientId, sessionId, sub, at } = event
  return [seqNum, name, argsJson ?? null, clientId, sessionId, sub ?? null, at]
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
