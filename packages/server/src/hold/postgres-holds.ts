/** Decisions about held content in Postgres, for servers that share their event logs. */
import type { HoldState } from '@rockpool/access'
import type { RemoteKey } from '@rockpool/protocol'
import { arrayLiteral, type PostgresDatabase } from '@rockpool/sync-server/postgres'
import type { HeldFile, Holds } from './holds.ts'

export const postgresHolds = ({ query }: PostgresDatabase): Holds => {
  const statesOf = async (remoteKeys: readonly RemoteKey[]): Promise<ReadonlyMap<RemoteKey, HoldState>> => {
    if (remoteKeys.length === 0) return new Map()
    const rows = await query(
      (sql) => sql<{ key: RemoteKey; state: HoldState }[]>`
        SELECT remote_key AS key, state FROM rockpool.hold_decisions
        WHERE remote_key = ANY (${arrayLiteral(remoteKeys)}::text[])`,
    )
    const decided = new Map(rows.map(({ key, state }) => [key, state]))
    return new Map(remoteKeys.map((key) => [key, decided.get(key) ?? 'held']))
  }
  return {
    statesOf,
    stateOf: async (remoteKey) => (await statesOf([remoteKey])).get(remoteKey)!,
    decide: async (remoteKey, state, at) =>
      void (await query(
        (sql) => sql`
          INSERT INTO rockpool.hold_decisions (remote_key, state, decided_at) VALUES (${remoteKey}, ${state}, ${at})
          ON CONFLICT (remote_key) DO UPDATE SET state = excluded.state, decided_at = excluded.decided_at`,
      )),
    decideHeld: async (remoteKey, state, at) =>
      void (await query(
        (sql) => sql`
          INSERT INTO rockpool.hold_decisions (remote_key, state, decided_at) VALUES (${remoteKey}, ${state}, ${at})
          ON CONFLICT DO NOTHING`,
      )),
    filesOf: (remoteKey) =>
      query(
        (sql) =>
          sql<HeldFile[]>`SELECT ${sql.unsafe(HELD_FILE)} FROM rockpool.held_files WHERE remote_key = ${remoteKey}`,
      ),
    wait: async ({ remoteKey, storeId, fileId, bucket, since }) =>
      void (await query(
        (sql) => sql`
          INSERT INTO rockpool.held_files (remote_key, store_id, file_id, bucket, since)
          VALUES (${remoteKey}, ${storeId}, ${fileId}, ${bucket}, ${since}) ON CONFLICT DO NOTHING`,
      )),
    endWait: async ({ remoteKey, fileId }) =>
      void (await query(
        (sql) => sql`DELETE FROM rockpool.held_files WHERE remote_key = ${remoteKey} AND file_id = ${fileId}`,
      )),
    waitingSince: (bucket, before, { limit, after }) => {
      const { since, remoteKey, fileId } = after ?? { since: -1, remoteKey: '', fileId: '' }
      return query(
        (sql) => sql<HeldFile[]>`
          SELECT ${sql.unsafe(HELD_FILE)} FROM rockpool.held_files
          WHERE bucket = ${bucket} AND since < ${before} AND (since, remote_key, file_id) > (${since}, ${remoteKey}, ${fileId})
          ORDER BY since, remote_key, file_id LIMIT ${limit}`,
      )
    },
    readUpTo: async (storeId, buckets) => {
      const [row] = await query(
        (sql) => sql<{ buckets: string; backendId: string; seqNum: number }[]>`
          SELECT buckets, backend_id AS "backendId", seq_num AS "seqNum" FROM rockpool.hold_cursors
          WHERE store_id = ${storeId}`,
      )
      if (!row) return undefined
      const known: readonly string[] = JSON.parse(row.buckets)
      if (!buckets.every((bucket) => known.includes(bucket))) return undefined
      return { backendId: row.backendId, seqNum: row.seqNum }
    },
    setReadUpTo: async (storeId, buckets, { backendId, seqNum }) =>
      void (await query(
        (sql) => sql`
          INSERT INTO rockpool.hold_cursors (store_id, buckets, backend_id, seq_num)
          VALUES (${storeId}, ${JSON.stringify(buckets)}, ${backendId}, ${seqNum})
          ON CONFLICT (store_id) DO UPDATE
            SET buckets = excluded.buckets, backend_id = excluded.backend_id, seq_num = excluded.seq_num`,
      )),
  }
}

const HELD_FILE = 'remote_key AS "remoteKey", store_id AS "storeId", file_id AS "fileId", bucket, since'
