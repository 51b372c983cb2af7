/** Redacts one event: the log, its usage, the audit table and the read model change together. */
import { packMeta, type PoolEvent } from '@rockpool/core/records'
import { RockpoolError } from '@rockpool/protocol'
import { eventBytes, type LogEvent, type StoredEvent } from '../event-log/event.ts'
import { readEvents, readHead } from '../event-log/sql-events.ts'
import type { Sql } from '../event-log/sql.ts'
import { adjustBytes } from '../event-log/usage.ts'
import { decodeStored } from '../read-model/project.ts'
import { resetTables } from '../read-model/schema.ts'
import { readRedaction, writeRedaction } from './audit.ts'
import { type Compensation, compensate, type Records } from './compensate.ts'
import { inertEvent, type RedactionCause, type RedactResult, serverIds } from './redaction.ts'
import { type NumberedEvent, replayWithAndWithout } from './replay.ts'

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
    const redaction = { original, by, reason, at }
    const { applied, redacted } = recordsWithAndWithout(sql, original)

    const inert = inertEvent(seqNum)
    sql.run(UPDATE, inert.name, inert.argsJson ?? null, inert.clientId, inert.sessionId, seqNum)
    adjustBytes(sql, seqNum, eventBytes(inert) - eventBytes(original))
    writeRedaction(sql, redaction, applied.file !== undefined && redacted.file === undefined)
    resetTables(sql)
    const events = compensate(applied, redacted, at).map((event, index) => toLogEvent(event, before, index, seqNum))
    const added = events.length === 0 ? [] : append(before, events)
    return { redaction, before, head: before + added.length, added }
  })

const readEvent = (sql: Sql, seqNum: number): StoredEvent => {
  const [event] = Number.isSafeInteger(seqNum) && seqNum > 0 ? [...readEvents(sql, seqNum - 1, 1)] : []
  if (event) return event
  throw new RockpoolError('bad_request', `The log has no event ${seqNum}. Its events are 1 to ${readHead(sql)}.`)
}

const recordsWithAndWithout = (sql: Sql, original: StoredEvent): { applied: Records; redacted: Records } => {
  const event = decodeReadable(original)
  if (!event) return { applied: {}, redacted: {} }
  return replayWithAndWithout({ seqNum: original.seqNum, event }, decodedEvents(sql))
}

function* decodedEvents(sql: Sql): Generator<NumberedEvent, void> {
  for (const origin of readEvents(sql, 0, readHead(sql))) {
    const event = decodeReadable(origin)
    if (event) yield { seqNum: origin.seqNum, event }
  }
}

/** An event whose args are no JSON text has no meaning on any device; the read model records it as a failure. */
const decodeReadable = (event: StoredEvent): PoolEvent | undefined => {
  try {
    return decodeStored(event)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const toLogEvent = ({ name, args }: Compensation, head: number, index: number, redacted: number): LogEvent => ({
  name,
  // Random: whoever knew the opId in advance could use it up.
  argsJson: JSON.stringify({ ...(packMeta(args) as object), opId: crypto.randomUUID() }),
  seqNum: head + 1 + index,
  ...serverIds(redacted, 1 + index),
})
