/** Redacts one event of a log in SQLite: the log, its usage, the audit table and the read model change together. */
import { eventBytes, type LogEvent, type StoredEvent } from '../event-log/event.ts'
import { readEvents, readHead } from '../event-log/sql-events.ts'
import type { Sql } from '../event-log/sql.ts'
import { adjustBytes } from '../event-log/usage.ts'
import { resetTables } from '../read-model/schema.ts'
import { readRedaction, writeRedaction } from './audit.ts'
import { planRedaction } from './plan-redaction.ts'
import { inertEvent, isSeqNum, noSuchEvent, type RedactionCause, type RedactResult } from './redaction.ts'

const UPDATE = 'UPDATE events SET name = ?, args = ?, clientId = ?, sessionId = ? WHERE seqNum = ?'

/**
 * Takes time in proportion to the log. The read model is empty afterwards: its next reader rebuilds it.
 *
 * @param append stores the compensating events; runs in the transaction
 * @throws RockpoolError `bad_request` when the log has no such event
 */
export const redactEvent = (
  sql: Sql,
  seqNum: number,
  cause: RedactionCause,
  append: (head: number, events: readonly LogEvent[]) => readonly StoredEvent[],
): RedactResult =>
  sql.transaction(() => {
    const before = readHead(sql)
    const redactedBefore = readRedaction(sql, seqNum)
    if (redactedBefore) return { redaction: redactedBefore, before, head: before, added: [] }
    const original = readEvent(sql, seqNum)
    const { by, reason, at } = cause
    const plan = planRedaction(original)
    plan.take(readEvents(sql, 0, before))
    const { removesFile, compensating } = plan.finish(before, at)
    const redaction = { original, by, reason, at, removesFile }

    const inert = inertEvent(seqNum)
    sql.run(UPDATE, inert.name, inert.argsJson ?? null, inert.clientId, inert.sessionId, seqNum)
    adjustBytes(sql, seqNum, eventBytes(inert) - eventBytes(original))
    writeRedaction(sql, redaction)
    resetTables(sql)
    const added = compensating.length === 0 ? [] : append(before, compensating)
    return { redaction, before, head: before + added.length, added }
  })

const readEvent = (sql: Sql, seqNum: number): StoredEvent => {
  const [event] = isSeqNum(seqNum) ? [...readEvents(sql, seqNum - 1, 1)] : []
  if (event) return event
  throw noSuchEvent(seqNum, readHead(sql))
}
