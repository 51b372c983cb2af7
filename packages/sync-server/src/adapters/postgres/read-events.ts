/** Pages of a log in Postgres. */
import type { Sql } from 'postgres'
import type { Page, ReadLimits } from '../../event-log/event-log.ts'
import { takeBatches, takePage } from '../../event-log/page.ts'
import { currentRow, type LogRow, type PostgresLog } from './append-group.ts'
import { type EventRow, toStoredEvent } from './rows.ts'

/** @throws EventLogError `missing` */
export const readHead = async (sql: Sql, log: PostgresLog): Promise<number> => {
  const [row] = await sql<Omit<LogRow, 'bytes'>[]>`
    SELECT head, redactions, backend_id FROM rockpool.logs WHERE store_id = ${log.storeId}`
  return currentRow(row, log).head
}

export const readPage = async (sql: Sql, log: PostgresLog, since: number, limits: ReadLimits): Promise<Page> => {
  const { recent } = log
  const page = takeBatches(recent.after(since), limits)
  const last = page.events.at(-1)
  if (!last) return selectPage(sql, log, since, limits)
  const isFull = recent.take(since, page.events.length + 1) !== undefined
  const { redactions } = log
  const head = await readHead(sql, log)
  if (log.redactions !== redactions) return selectPage(sql, log, since, limits)
  // Memory has the appends of this server only: the page would end at the first append of another server.
  return isFull || last.seqNum === head ? { head, ...page } : selectPage(sql, log, since, limits)
}

/**
 * Head and events in one statement, so that both are of one moment. Postgres leaves out the rows behind `maxBytes` of args: a
 * page takes few of a thousand large events.
 */
const selectPage = async (
  sql: Sql,
  log: PostgresLog,
  since: number,
  { limit, maxBytes }: ReadLimits,
): Promise<Page> => {
  const rows = await sql<(Omit<LogRow, 'bytes'> & (EventRow | { readonly seq_num: null }))[]>`
    SELECT log.head, log.redactions, log.backend_id, event.* FROM rockpool.logs log LEFT JOIN LATERAL (
      SELECT *, sum(coalesce(octet_length(args), 0)) OVER (ORDER BY seq_num) - coalesce(octet_length(args), 0) AS before
      FROM (
        SELECT seq_num, name, args, client_id, session_id, sub, at FROM rockpool.events
        WHERE store_id = log.store_id AND seq_num > ${since} ORDER BY seq_num LIMIT ${limit}
      ) page
    ) event ON event.before < ${maxBytes}
    WHERE log.store_id = ${log.storeId} ORDER BY event.seq_num`
  const { head } = currentRow(rows[0], log)
  const events = rows.flatMap((row) => (row.seq_num === null ? [] : [toStoredEvent(row)]))
  return { head, ...takePage(events, { limit, maxBytes }) }
}
