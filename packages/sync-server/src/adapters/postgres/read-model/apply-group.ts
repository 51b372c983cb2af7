/** Applies the next events of a log to the tables, in one transaction. */
import { RECORD_EVENT_NAMES } from '@rockpool/core/records'
import type { StoreId } from '@rockpool/protocol'
import type { Sql, TransactionSql } from 'postgres'
import { EventLogError } from '../../../event-log/event-log.ts'
import type { StoredEvent } from '../../../event-log/event.ts'
import { messageOf } from '../../../event-log/storage-failure.ts'
import { MAX_GROUP, MAX_GROUP_LENGTH } from '../../../read-model/catch-up.ts'
import { applyAll, type Decoded, decodeAll, type Failure } from '../../../read-model/project.ts'
import { RULES_VERSION } from '../../../read-model/schema.ts'
import { arrayLiteral } from '../array-literal.ts'
import { savepoint, transact } from '../database.ts'
import { isRowError } from '../errors.ts'
import { type EventRow, toStoredEvent } from '../rows.ts'
import { addFileUse, changedFiles } from './file-use.ts'
import { storeRows } from './store-rows.ts'
import { runStoreQuery } from './store-query.ts'
import { TABLE_NAMES } from './tables.ts'

/**
 * Locks the row of the store in `read_model`, so that servers apply events one after the other; appends do not wait.
 *
 * @returns whether there are more events
 * @throws EventLogError `newer_version`
 * @throws the driver's error
 */
export const applyGroup = (sql: Sql, storeId: StoreId): Promise<boolean> =>
  transact(sql, (transaction) => applyNext(transaction, storeId))

/** As {@link applyGroup}, until no event is left. Call it in a transaction that has locked the log, so that this ends. */
export const applyRest = async (transaction: TransactionSql, storeId: StoreId): Promise<void> => {
  while (await applyNext(transaction, storeId));
}

const applyNext = async (transaction: TransactionSql, storeId: StoreId): Promise<boolean> => {
  const { applied, head } = await lockTables(transaction, storeId)
  if (applied >= head) return false
  const until = Math.min(head, applied + MAX_GROUP)
  const { events, last } = await readGroup(transaction, storeId, applied, until)
  await project(transaction, storeId, events)
  await transaction`UPDATE rockpool.read_model SET applied = ${last} WHERE store_id = ${storeId}`
  return last < head
}

/**
 * Empties the tables of a store, after a group that is under way: the next reader rebuilds them. Call it in a transaction.
 */
export const clearTables = async (transaction: TransactionSql, storeId: StoreId): Promise<void> => {
  await lockRow(transaction, storeId)
  for (const table of TABLE_NAMES) {
    if (table !== 'read_model')
      await transaction`DELETE FROM ${transaction(`rockpool.${table}`)} WHERE store_id = ${storeId}`
  }
  await transaction`
    UPDATE rockpool.read_model SET applied = 0, rules = ${RULES_VERSION} WHERE store_id = ${storeId}`
}

interface TablesRow {
  readonly rules: number
  readonly applied: number
  readonly backend_id: string
}

/** Creates the row where it is missing: a lock of no row would not wait for the transaction that applies the first group. */
const lockRow = async (transaction: TransactionSql, storeId: StoreId): Promise<TablesRow | undefined> => {
  await transaction`
    INSERT INTO rockpool.read_model (store_id, backend_id, rules, applied)
    SELECT store_id, backend_id, ${RULES_VERSION}::integer, 0 FROM rockpool.logs WHERE store_id = ${storeId}
    ON CONFLICT DO NOTHING`
  const [row] = await transaction<TablesRow[]>`
    SELECT rules, applied, backend_id FROM rockpool.read_model WHERE store_id = ${storeId} FOR UPDATE`
  return row
}

const lockTables = async (
  transaction: TransactionSql,
  storeId: StoreId,
): Promise<{ readonly applied: number; readonly head: number }> => {
  const row = await lockRow(transaction, storeId)
  const [log] = await transaction<{ head: number; backend_id: string }[]>`
    SELECT head, backend_id FROM rockpool.logs WHERE store_id = ${storeId}`
  if (!row || !log) return { applied: 0, head: 0 }
  if (row.rules > RULES_VERSION) throw newerTables()
  if (row.rules === RULES_VERSION && row.backend_id === log.backend_id) return { applied: row.applied, head: log.head }
  await transaction`UPDATE rockpool.read_model SET backend_id = ${log.backend_id} WHERE store_id = ${storeId}`
  await clearTables(transaction, storeId)
  return { applied: 0, head: log.head }
}

/** An older server must not rebuild the tables: a newer one would rebuild them again, and so on. */
export const newerTables = (): EventLogError =>
  new EventLogError(
    'newer_version',
    'A newer version of Rockpool wrote the read model in Postgres. Update this server.',
  )

/** The events of ours, and the number up to which there are no others: `until`, unless they are too long for one group. */
const readGroup = async (
  transaction: TransactionSql,
  storeId: StoreId,
  since: number,
  until: number,
): Promise<{ readonly events: readonly StoredEvent[]; readonly last: number }> => {
  const rows = await transaction<(EventRow & { readonly before: number; readonly length: number })[]>`
    SELECT * FROM (
      SELECT seq_num, name, args, client_id, session_id, sub, at, octet_length(args) AS length,
        sum(octet_length(args)) OVER (ORDER BY seq_num) - octet_length(args) AS before
      FROM rockpool.events
      WHERE store_id = ${storeId} AND seq_num > ${since} AND seq_num <= ${until}
        AND args IS NOT NULL AND name = ANY (${arrayLiteral(RECORD_EVENT_NAMES)}::text[])
    ) event WHERE before < ${MAX_GROUP_LENGTH} ORDER BY seq_num`
  const end = rows.at(-1)
  const isFull = end !== undefined && end.before + end.length >= MAX_GROUP_LENGTH
  return { events: rows.map(toStoredEvent), last: isFull ? end.seq_num : until }
}

/** As `project` of the tables in SQLite. */
const project = async (
  transaction: TransactionSql,
  storeId: StoreId,
  events: readonly StoredEvent[],
): Promise<void> => {
  const { decoded, failures } = decodeAll(events)
  for (const { origin, error } of [...failures, ...(await projectDecoded(transaction, storeId, decoded))]) {
    await transaction`
      INSERT INTO rockpool.read_model_failures (store_id, seq_num, name, message)
      VALUES (${storeId}, ${origin.seqNum}, ${origin.name}, ${messageOf(error)})`
  }
}

/** Where the tables refuse a row, each half of the events is tried by itself. */
const projectDecoded = async (
  transaction: TransactionSql,
  storeId: StoreId,
  decoded: readonly Decoded[],
): Promise<readonly Failure[]> => {
  if (decoded.length === 0) return []
  try {
    return await savepoint(transaction, async (nested) => {
      const { rows, failures } = await runStoreQuery(nested, storeId, applyAll(decoded))
      const files = changedFiles(rows)
      await addFileUse(nested, storeId, files, -1)
      await storeRows(nested, storeId, rows)
      await addFileUse(nested, storeId, files, 1)
      return failures
    })
  } catch (error) {
    if (!isRowError(error)) throw error
    if (decoded.length === 1) return [{ origin: decoded[0]!.origin, error }]
    const middle = Math.ceil(decoded.length / 2)
    const first = await projectDecoded(transaction, storeId, decoded.slice(0, middle))
    return [...first, ...(await projectDecoded(transaction, storeId, decoded.slice(middle)))]
  }
}
