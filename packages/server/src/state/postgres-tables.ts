/** What servers that share their event logs remember together, in tables beside the logs. */
import type { PostgresDatabase } from '@rockpool/sync-server/postgres'

/** Servers that start at the same time create the tables once. Any number that no other application is likely to lock. */
const CREATION_LOCK = 7_262_535_765

/** `COLLATE "C"`: keys are compared byte by byte. Times are unix ms, but for `expires_at`, which Postgres compares itself. */
const TABLES = {
  key_locks: `remote_key text COLLATE "C" NOT NULL, holder text COLLATE "C" NOT NULL, is_exclusive boolean NOT NULL,
    expires_at timestamptz NOT NULL, PRIMARY KEY (remote_key, holder)`,
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
