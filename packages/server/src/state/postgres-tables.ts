/** What servers that share their event logs remember together, in tables beside the logs. */
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'

/** Servers that start at the same time create the tables once. Any number that no other application is likely to lock. */
const CREATION_LOCK = 7_262_535_765

/** `COLLATE "C"`: keys are compared byte by byte. Times are unix ms, but for `expires_at`, which Postgres compares itself. */
const TABLES = {
  key_locks: `remote_key text COLLATE "C" NOT NULL, holder text COLLATE "C" NOT NULL, is_exclusive boolean NOT NULL,
    expires_at timestamptz NOT NULL, PRIMARY KEY (remote_key, holder)`,
  buckets: `store_id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, rules text NOT NULL, made_by text NOT NULL,
    made_at bigint NOT NULL, PRIMARY KEY (store_id, name)`,
  hold_decisions: `remote_key text COLLATE "C" PRIMARY KEY, state text NOT NULL, decided_at bigint NOT NULL`,
  held_files: `remote_key text COLLATE "C" NOT NULL, store_id text COLLATE "C" NOT NULL, file_id text COLLATE "C" NOT NULL,
    bucket text COLLATE "C" NOT NULL, since bigint NOT NULL, PRIMARY KEY (remote_key, file_id),
    UNIQUE (bucket, since, remote_key, file_id)`,
  hold_cursors: `store_id text COLLATE "C" PRIMARY KEY, buckets text NOT NULL, backend_id text NOT NULL,
    seq_num bigint NOT NULL`,
  webhooks: `url text COLLATE "C" PRIMARY KEY, holding text NOT NULL`,
  webhook_cursors: `url text COLLATE "C" NOT NULL, store_id text COLLATE "C" NOT NULL, backend_id text NOT NULL,
    seq_num bigint NOT NULL, PRIMARY KEY (url, store_id)`,
  leases: `name text COLLATE "C" PRIMARY KEY, holder text NOT NULL, expires_at timestamptz NOT NULL`,
} as const

/** Creates what is missing. A user who may not create tables can work with those that are there. @throws EventLogError */
export const ensureTables = async (database: PostgresDatabase): Promise<void> => {
  const found = await database.query(
    (sql) => sql<{ table: string }[]>`SELECT tablename AS table FROM pg_tables WHERE schemaname = 'rockpool'`,
  )
  const missing = Object.entries(TABLES).filter(([name]) => !found.some(({ table }) => table === name))
  if (missing.length === 0) return
  await database.transact(async (sql) => {
    await sql`SELECT pg_advisory_xact_lock(${CREATION_LOCK})`
    for (const [name, columns] of missing) await sql.unsafe(`CREATE TABLE IF NOT EXISTS rockpool.${name} (${columns})`)
  })
}
