/** Copies what servers share from `state.sqlite` to Postgres. What Postgres has already counts. */
import type { DatabaseSync } from 'node:sqlite'
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'

/** Tables of `state.sqlite`, as queries in the order of the columns in Postgres. */
const QUERIES = {
  buckets: 'SELECT storeId, name, rules, madeBy, madeAt FROM buckets',
  hold_decisions: 'SELECT remoteKey, state, at FROM hold_decisions',
  held_files: 'SELECT remoteKey, storeId, fileId, bucket, since FROM held_files',
  hold_cursors: 'SELECT storeId, buckets, backendId, seqNum FROM hold_cursors',
  webhooks: 'SELECT url, holding FROM webhooks',
  webhook_cursors: 'SELECT url, storeId, backendId, seqNum FROM webhook_cursors',
} as const

export const importState = (from: DatabaseSync, { transact }: PostgresDatabase): Promise<void> =>
  transact(async (sql) => {
    for (const [table, query] of Object.entries(QUERIES)) {
      if (!hasTable(from, table)) continue
      for (const row of from.prepare(query).iterate()) {
        const values = Object.values(row) as (string | number)[]
        const places = values.map((_, index) => `$${index + 1}`).join(', ')
        await sql.unsafe(`INSERT INTO rockpool.${table} VALUES (${places}) ON CONFLICT DO NOTHING`, values)
      }
    }
  })

/** A table is made by what first needs it. */
const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined
