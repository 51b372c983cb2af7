/**
 * The audit table: the events that were redacted, beside the log. Made by the first redaction, so that an older version opens
 * the log as well.
 */
import type { LogEvent } from '../event-log/event.ts'
import { toStoredEvent } from '../event-log/sql-events.ts'
import { hasTable, type Sql } from '../event-log/sql.ts'
import { bringsBack, marksOf } from './marks.ts'
import type { Redaction } from './redaction.ts'

const TABLE = 'redactions'
/** `operation`, `file`, `commitMark`: {@link marksOf}; `file` only where redacting took the whole file out of the log */
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS ${TABLE} (
    seqNum INTEGER PRIMARY KEY, name TEXT NOT NULL, args TEXT, clientId TEXT NOT NULL, sessionId TEXT NOT NULL,
    sub TEXT, at INTEGER NOT NULL, redactedBy TEXT NOT NULL, reason TEXT NOT NULL, redactedAt INTEGER NOT NULL,
    operation TEXT, file TEXT, commitMark TEXT
  ) STRICT`,
  `CREATE INDEX IF NOT EXISTS redactions_by_operation ON ${TABLE} (operation)`,
  `CREATE INDEX IF NOT EXISTS redactions_by_file ON ${TABLE} (file)`,
  `CREATE INDEX IF NOT EXISTS redactions_by_commit ON ${TABLE} (commitMark)`,
]

/** Call it in a transaction. */
export const writeRedaction = (sql: Sql, redaction: Redaction): void => {
  for (const statement of SCHEMA) sql.run(statement)
  const { original, by, reason, at, removesFile } = redaction
  const { operation, file, commit } = marksOf(original)
  const { seqNum, name, argsJson, clientId, sessionId, sub } = original
  const event = [seqNum, name, argsJson ?? null, clientId, sessionId, sub ?? null, original.at]
  const marks = [operation ?? null, removesFile ? (file ?? null) : null, commit ?? null]
  sql.run(`INSERT INTO ${TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...event, by, reason, at, ...marks)
}

export const readRedaction = (sql: Sql, seqNum: number): Redaction | undefined =>
  hasTable(sql, TABLE) ? select(sql, 'seqNum = ?', [seqNum])[0] : undefined

/** At most `limit` redactions of events after `since`, by number. */
export const readRedactions = (sql: Sql, since: number, limit: number): readonly Redaction[] =>
  hasTable(sql, TABLE) ? select(sql, 'seqNum > ? ORDER BY seqNum LIMIT ?', [since, limit]) : []

/**
 * For the events of one transaction: whether one repeats a redacted event, or changes a file that was redacted. A delete of
 * such a file may pass. Most logs have no redactions, which is found out once.
 */
export const redactionCheck = (sql: Sql): ((event: LogEvent) => boolean) =>
  hasTable(sql, TABLE) ? (event) => isRedacted(sql, event) : () => false

const isRedacted = (sql: Sql, event: LogEvent): boolean => {
  const has = (column: string, mark: string) =>
    Array.from(sql.rows(`SELECT 1 FROM ${TABLE} WHERE ${column} = ? LIMIT 1`, mark)).length > 0
  return bringsBack(event, {
    hasOperation: (mark) => has('operation', mark),
    hasFile: (mark) => has('file', mark),
    commits: (mark) => select(sql, 'commitMark = ?', [mark]).map(({ original }) => original),
  })
}

const select = (sql: Sql, where: string, values: readonly (string | number)[]): readonly Redaction[] =>
  Array.from(sql.rows(`SELECT * FROM ${TABLE} WHERE ${where}`, ...values), toRedaction)

const toRedaction = (row: Readonly<Record<string, unknown>>): Redaction => ({
  original: toStoredEvent(row),
  by: row.redactedBy as string,
  reason: row.reason as string,
  at: row.redactedAt as number,
  removesFile: row.file !== null,
})
