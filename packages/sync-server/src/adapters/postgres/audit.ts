/** The audit table: the events that were redacted. */
import type { StoreId } from '@rockpool/protocol'
import type { ISql, TransactionSql } from 'postgres'
import type { LogEvent } from '../../event-log/event.ts'
import { bringsBack, marksOf } from '../../redact/marks.ts'
import type { Redaction } from '../../redact/redaction.ts'
import { arrayLiteral } from './array-literal.ts'
import { type EventRow, toStoredEvent } from './rows.ts'

interface RedactionRow extends EventRow {
  readonly redacted_by: string
  readonly reason: string
  readonly redacted_at: number
  readonly operation: string | null
  readonly file: string | null
  readonly commit_mark: string | null
}

const toRedaction = (row: RedactionRow): Redaction => ({
  original: toStoredEvent(row),
  by: row.redacted_by,
  reason: row.reason,
  at: row.redacted_at,
  removesFile: row.file !== null,
})

export const insertRedaction = async (
  transaction: TransactionSql,
  storeId: StoreId,
  { original, by, reason, at, removesFile }: Redaction,
): Promise<void> => {
  const { operation, file, commit } = marksOf(original)
  const { seqNum, name, argsJson, clientId, sessionId, sub } = original
  await transaction`
    INSERT INTO rockpool.redactions VALUES (
      ${storeId}, ${seqNum}, ${name}, ${argsJson ?? null}, ${clientId}, ${sessionId}, ${sub ?? null}, ${original.at},
      ${by}, ${reason}, ${at}, ${operation ?? null}, ${(removesFile ? file : undefined) ?? null}, ${commit ?? null}
    )`
}

export const selectRedaction = async (sql: ISql, storeId: StoreId, seqNum: number): Promise<Redaction | undefined> => {
  const [row] = await sql<RedactionRow[]>`
    SELECT * FROM rockpool.redactions WHERE store_id = ${storeId} AND seq_num = ${seqNum}`
  return row && toRedaction(row)
}

/** At most `limit` redactions of events after `since`, by number. */
export const selectRedactions = async (
  sql: ISql,
  storeId: StoreId,
  since: number,
  limit: number,
): Promise<readonly Redaction[]> => {
  const rows = await sql<RedactionRow[]>`
    SELECT * FROM rockpool.redactions WHERE store_id = ${storeId} AND seq_num > ${since} ORDER BY seq_num LIMIT ${limit}`
  return rows.map(toRedaction)
}

/** For the events of one transaction: whether one brings back what was redacted. */
export const loadRedactionCheck = async (
  transaction: TransactionSql,
  storeId: StoreId,
  events: readonly LogEvent[],
): Promise<(event: LogEvent) => boolean> => {
  const marks = events.map(marksOf)
  const listOf = (mark: 'operation' | 'file' | 'commit') =>
    arrayLiteral([...new Set(marks.flatMap((each) => each[mark] ?? []))])
  const rows = await transaction<RedactionRow[]>`
    SELECT * FROM rockpool.redactions WHERE store_id = ${storeId} AND (
      operation = ANY (${listOf('operation')}::text[]) OR file = ANY (${listOf('file')}::text[])
      OR commit_mark = ANY (${listOf('commit')}::text[])
    )`
  return (event) =>
    bringsBack(event, {
      hasOperation: (mark) => rows.some(({ operation }) => operation === mark),
      hasFile: (mark) => rows.some(({ file }) => file === mark),
      commits: (mark) => rows.filter((row) => row.commit_mark === mark).map(toStoredEvent),
    })
}
