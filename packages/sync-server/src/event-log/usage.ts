/**
 * Bytes of the events in a log, kept beside them, so that an append knows them without reading the log. The one row says up to
 * which number it counts: events that were imported, or written by a version without this table, are counted by the next
 * append.
 */
import { eventBytes, type LogEvent } from './event.ts'
import type { Sql } from './sql.ts'

const TABLE = 'CREATE TABLE IF NOT EXISTS usage (head INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT'
const ROW = 'INSERT INTO usage SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM usage)'

/** Creates the table where it is missing. */
export const ensureUsage = (sql: Sql): void => {
  sql.run(TABLE)
  sql.run(ROW)
}

/**
 * @param head the number of the last event
 * @param eventsAfter the events after a number, up to `head`
 */
export const readBytes = (sql: Sql, head: number, eventsAfter: (since: number) => Iterable<LogEvent>): number => {
  const counted = { head: 0, bytes: 0 }
  for (const row of sql.rows('SELECT head, bytes FROM usage')) Object.assign(counted, row)
  let { bytes } = counted
  if (counted.head < head) for (const event of eventsAfter(counted.head)) bytes += eventBytes(event)
  return bytes
}

/** Call it in the transaction that stores the events. */
export const writeBytes = (sql: Sql, { head, bytes }: { readonly head: number; readonly bytes: number }): void =>
  sql.run('UPDATE usage SET head = ?, bytes = ?', head, bytes)

/** An event that was counted has other bytes now. Call it in a transaction. */
export const adjustBytes = (sql: Sql, seqNum: number, difference: number): void =>
  sql.run('UPDATE usage SET bytes = bytes + ? WHERE head >= ?', difference, seqNum)
