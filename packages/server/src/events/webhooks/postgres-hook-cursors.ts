/**
 * The cursors of webhooks in Postgres, for servers that share their event logs. The server with the lease of deliveries writes
 * them. One that lost it a moment ago may still write an older place: its successor sends some events again, and misses none.
 */
import { arrayLiteral, type PostgresDatabase } from '@rockpool/sync-server/postgres'
import type { Cursor } from '../cursor.ts'
import type { HookCursors } from './hook-cursors.ts'

export const postgresHookCursors = ({ query, transact }: PostgresDatabase): HookCursors => ({
  startOf: async (url) => {
    const [row] = await query(
      (sql) => sql<{ holding: string }[]>`SELECT holding FROM rockpool.webhooks WHERE url = ${url}`,
    )
    return row && { holding: JSON.parse(row.holding) as readonly string[] }
  },
  start: (url, { holding }, places) =>
    transact(async (sql) => {
      await sql`DELETE FROM rockpool.webhook_cursors WHERE url = ${url}`
      await sql`
        INSERT INTO rockpool.webhooks (url, holding) VALUES (${url}, ${JSON.stringify(holding)})
        ON CONFLICT (url) DO UPDATE SET holding = excluded.holding`
      const cursors = [...places]
      const logIds = arrayLiteral(cursors.map(([, { backendId }]) => backendId))
      const seqNums = arrayLiteral(cursors.map(([, { seqNum }]) => seqNum))
      await sql`
        INSERT INTO rockpool.webhook_cursors (url, store_id, backend_id, seq_num)
        SELECT ${url}, place.* FROM unnest(
          ${arrayLiteral(cursors.map(([storeId]) => storeId))}::text[], ${logIds}::text[], ${seqNums}::bigint[]
        ) AS place`
    }),
  setStart: async (url, { holding }) =>
    void (await query(
      (sql) => sql`UPDATE rockpool.webhooks SET holding = ${JSON.stringify(holding)} WHERE url = ${url}`,
    )),
  keepOnly: (urls) =>
    transact(async (sql) => {
      const kept = arrayLiteral(urls)
      await sql`DELETE FROM rockpool.webhooks WHERE url <> ALL (${kept}::text[])`
      await sql`DELETE FROM rockpool.webhook_cursors WHERE url <> ALL (${kept}::text[])`
    }),
  read: async (url, storeId) => {
    const [row] = await query(
      (sql) => sql<Cursor[]>`
        SELECT backend_id AS "backendId", seq_num AS "seqNum" FROM rockpool.webhook_cursors
        WHERE url = ${url} AND store_id = ${storeId}`,
    )
    return row
  },
  write: async (url, storeId, { backendId, seqNum }) =>
    void (await query(
      (sql) => sql`
        INSERT INTO rockpool.webhook_cursors (url, store_id, backend_id, seq_num)
        VALUES (${url}, ${storeId}, ${backendId}, ${seqNum})
        ON CONFLICT (url, store_id) DO UPDATE SET backend_id = excluded.backend_id, seq_num = excluded.seq_num`,
    )),
})
