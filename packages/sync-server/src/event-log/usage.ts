/**
 * What a log holds, kept beside the events so that it can be known without reading all of them. The one row says up to which
 * number it counts: events that were imported, or stored since the row was last written, are counted by the first append after
 * an opening.
 */
import type { Usage } from './event-log.ts'
import { eventBytes } from './event.ts'
import { readEvents, readHead } from './sql-events.ts'
import type { Sql } from './sql.ts'

/** Events that the row may lack. Counting as many takes some ms; writing the row with each append takes a page of the disk. */
const MAX_UNCOUNTED = 1_000

/** `counted`: the number up to which the row counts. */
export interface CountedUsage extends Usage {
  readonly counted: number
}

const TABLE = 'CREATE TABLE IF NOT EXISTS usage (head INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT'
const ROW = 'INSERT INTO usage SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM usage)'

/** Creates the table where it is missing. */
export const ensureUsage = (sql: Sql): void => {
  sql.run(TABLE)
  sql.run(ROW)
}

export const readUsage = (sql: Sql): CountedUsage => {
  const row = { head: 0, bytes: 0 }
  for (const found of sql.rows('SELECT head, bytes FROM usage')) Object.assign(row, found)
  const events = readHead(sql)
  let { bytes } = row
  for (const event of readEvents(sql, row.head, events - row.head)) bytes += eventBytes(event)
  return { events, bytes, counted: row.head }
}

/** Writes the row when it lacks many events. Call it in the transaction that stores them. @returns the usage as it is kept now */
export const keepUsage = (sql: Sql, usage: CountedUsage): CountedUsage => {
  const { events, bytes, counted } = usage
  if (events - counted < MAX_UNCOUNTED) return usage
  sql.run('UPDATE usage SET head = ?, bytes = ?', events, bytes)
  return { events, bytes, counted: events }
}

/** An event that was counted has other bytes now. Call it in a transaction. */
export const adjustBytes = (sql: Sql, seqNum: number, difference: number): void =>
  sql.run('UPDATE usage SET bytes = bytes + ? WHERE head >= ?', difference, seqNum)
