/** Redacts one event: the log, the audit table and the read model change in one transaction. */
import type { StoreId } from '@rockpool/protocol'
import type { Sql, TransactionSql } from 'postgres'
import { encodeEvents, eventBytes, type StoredEvent } from '../../event-log/event.ts'
import { planRedaction, type RedactionEffects } from '../../redact/plan-redaction.ts'
import { inertEvent, isSeqNum, noSuchEvent, type RedactionCause, type RedactResult } from '../../redact/redaction.ts'
import { lockLog, type PostgresLog, storeAdded } from './append-group.ts'
import { insertRedaction, selectRedaction } from './audit.ts'
import { transact } from './database.ts'
import { clearTables } from './read-model/apply-group.ts'
import { type EventRow, toStoredEvent } from './rows.ts'

/** Events that are replayed at a time: a page of the longest ones fits into memory. */
const PAGE = 1_000

/**
 * Locks the log for a time in proportion to its length: pushes to this store wait, and are refused with `unavailable` after
 * 15 s. The read model is empty afterwards: its next reader rebuilds it.
 *
 * @throws RockpoolError `bad_request` when the log has no such event
 * @throws EventLogError `missing`
 * @throws the driver's error
 */
export const redactEvent = (sql: Sql, log: PostgresLog, seqNum: number, cause: RedactionCause): Promise<RedactResult> =>
  transact(sql, async (transaction) => {
    const { storeId } = log
    const { head: before, bytes } = await lockLog(transaction, log)
    const original = await selectEvent(transaction, storeId, seqNum, before)
    const redactedBefore = await selectRedaction(transaction, storeId, seqNum)
    if (redactedBefore) return { redaction: redactedBefore, before, head: before, added: [] }

    const { by, reason, at } = cause
    const { removesFile, compensating } = await replay(transaction, storeId, original, before, at)
    const redaction = { original, by, reason, at, removesFile }
    const inert = inertEvent(seqNum)
    await transaction`
      UPDATE rockpool.events
      SET name = ${inert.name}, args = ${inert.argsJson ?? null}, client_id = ${inert.clientId}, session_id = ${inert.sessionId}
      WHERE store_id = ${storeId} AND seq_num = ${seqNum}`
    await insertRedaction(transaction, storeId, redaction)
    // Other servers see by the number that what they have in memory may be the original.
    await transaction`UPDATE rockpool.logs SET redactions = redactions + 1 WHERE store_id = ${storeId}`
    await clearTables(transaction, storeId)

    const added = compensating.map((event): StoredEvent => Object.assign({ sub: undefined, at }, event))
    const grown = added.length === 0 ? 0 : encodeEvents(added).json.byteLength - (added.length - 1)
    await storeAdded(transaction, log, before, {
      added,
      bytes: bytes + grown + eventBytes(inert) - eventBytes(original),
    })
    return { redaction, before, head: before + added.length, added }
  })

const selectEvent = async (
  transaction: TransactionSql,
  storeId: StoreId,
  seqNum: number,
  head: number,
): Promise<StoredEvent> => {
  if (!isSeqNum(seqNum)) throw noSuchEvent(seqNum, head)
  const [row] = await transaction<EventRow[]>`
    SELECT * FROM rockpool.events WHERE store_id = ${storeId} AND seq_num = ${seqNum}`
  if (!row) throw noSuchEvent(seqNum, head)
  return toStoredEvent(row)
}

const replay = async (
  transaction: TransactionSql,
  storeId: StoreId,
  original: StoredEvent,
  head: number,
  at: number,
): Promise<RedactionEffects> => {
  const plan = planRedaction(original)
  for (let since = 0; since < head; since += PAGE) {
    const rows = await transaction<EventRow[]>`
      SELECT * FROM rockpool.events WHERE store_id = ${storeId} AND seq_num > ${since} AND seq_num <= ${since + PAGE}
      ORDER BY seq_num`
    plan.take(rows.map(toStoredEvent))
  }
  return plan.finish(head, at)
}
