/** Copies an event log of another adapter, with the same numbers and the same backend id: devices notice nothing. */
import { RockpoolError, type StoreId } from '@rockpool/protocol'
import type { Sql, TransactionSql } from 'postgres'
import { encodeEvents, isSameEvent } from '../../event-log/event.ts'
import type { SqlEventLog } from '../../event-log/sql-log.ts'
import { insertRedaction, selectRedactions } from './audit.ts'
import { transact } from './database.ts'
import { type EventRow, isStorable, toColumns, toStoredEvent } from './rows.ts'

export type LogSource = Pick<SqlEventLog, 'backendId' | 'head' | 'read' | 'redactions'>

/** Events of one statement. */
const PAGE = { limit: 1_000, maxBytes: 8 * 1024 * 1024 }

/**
 * Copies in one transaction, so that no server sees a part of a log, and what was interrupted has not begun. The source must not
 * grow in the meantime.
 *
 * @returns false when the log was copied before
 * @throws RockpoolError `conflict` when Postgres has another state of the log, or another log
 * @throws the driver's error
 */
export const importLog = (sql: Sql, storeId: StoreId, source: LogSource): Promise<boolean> =>
  transact(sql, async (transaction) => {
    const head = await source.head()
    const redactions = await readAllRedactions(source)
    const inserted = await transaction`
      INSERT INTO rockpool.logs (store_id, backend_id, created_at, head, bytes, redactions)
      VALUES (${storeId}, ${source.backendId}, ${Date.now()}, ${head}, 0, ${redactions.length}) ON CONFLICT DO NOTHING`
    if (inserted.count === 0) {
      if (await hasAll(transaction, storeId, source, head)) return false
      throw otherLog(storeId)
    }
    let bytes = 0
    for (let since = 0; since < head;) {
      const { events } = await source.read(since, PAGE)
      if (!events.every(isStorable)) throw notStorable(storeId)
      const { seqNums, names, args, clientIds, sessionIds, subs, times } = toColumns(events)
      await transaction`
        INSERT INTO rockpool.events
        SELECT ${storeId}, event.* FROM unnest(
          ${seqNums}::bigint[], ${names}::text[], ${args}::text[], ${clientIds}::text[], ${sessionIds}::text[],
          ${subs}::text[], ${times}::bigint[]
        ) AS event`
      // Without the commas between the events.
      bytes += encodeEvents(events).json.byteLength - (events.length - 1)
      since = events.at(-1)!.seqNum
    }
    for (const redaction of redactions) await insertRedaction(transaction, storeId, redaction)
    await transaction`UPDATE rockpool.logs SET bytes = ${bytes} WHERE store_id = ${storeId}`
    return true
  })

const readAllRedactions = async (source: LogSource) => {
  const all = [...(await source.redactions())]
  for (let more = all; more.length > 0; all.push(...more)) {
    more = [...(await source.redactions({ since: all.at(-1)!.original.seqNum }))]
  }
  return all
}

/** Whether the log in Postgres is the source, or what it became since. */
const hasAll = async (sql: TransactionSql, storeId: StoreId, source: LogSource, head: number): Promise<boolean> => {
  const [log] = await sql<{ backend_id: string; head: number }[]>`
    SELECT backend_id, head FROM rockpool.logs WHERE store_id = ${storeId}`
  if (log?.backend_id !== source.backendId || log.head < head) return false
  if (head === 0) return true
  // It may have been redacted since.
  if ((await selectRedactions(sql, storeId, head - 1, 1))[0]?.original.seqNum === head) return true
  const [row] = await sql<EventRow[]>`
    SELECT * FROM rockpool.events WHERE store_id = ${storeId} AND seq_num = ${head}`
  const [last] = (await source.read(head - 1, PAGE)).events
  return isSameEvent(toStoredEvent(row!), last!)
}

const otherLog = (storeId: StoreId) =>
  new RockpoolError(
    'conflict',
    `Postgres has another event log of "${storeId}", or another state of this one. Nothing of it was changed: empty the database, or use another one.`,
  )

const notStorable = (storeId: StoreId) =>
  new RockpoolError(
    'bad_request',
    `The event log of "${storeId}" has an event with the character NUL, which Postgres cannot store. Redact it with: rockpool-server correct`,
  )
