/** The tables of all stores' event logs, in a schema of their own. */
import type { Sql } from 'postgres'
import { EventLogError } from '../../event-log/event-log.ts'
import { transact } from './database.ts'

const VERSION = 1

/** Servers that start at the same time create the tables once. Any number that no other application is likely to lock. */
const CREATION_LOCK = 7_262_535_764

/**
 * `logs.head` and `logs.bytes`: number of the last event, and bytes of all by `eventBytes`. The row is also the lock of the log.
 * `args`: compressed and moved out of the row when it is long. `COLLATE "C"`: ids are compared byte by byte.
 */
const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS rockpool;
  CREATE TABLE IF NOT EXISTS rockpool.version (version integer NOT NULL);
  CREATE TABLE IF NOT EXISTS rockpool.logs (
    store_id text COLLATE "C" PRIMARY KEY, backend_id text NOT NULL, created_at bigint NOT NULL,
    head bigint NOT NULL, bytes bigint NOT NULL
  );
  CREATE TABLE IF NOT EXISTS rockpool.events (
    store_id text COLLATE "C" NOT NULL REFERENCES rockpool.logs, seq_num bigint NOT NULL,
    name text NOT NULL, args text, client_id text NOT NULL, session_id text NOT NULL, sub text, at bigint NOT NULL,
    PRIMARY KEY (store_id, seq_num)
  );
  INSERT INTO rockpool.version SELECT ${VERSION} WHERE NOT EXISTS (SELECT 1 FROM rockpool.version)`

/**
 * Creates what is missing.
 *
 * @throws EventLogError `newer_version`
 * @throws the driver's error
 */
export const ensureSchema = async (sql: Sql): Promise<void> => {
  // A user who may not create a schema can work with one that is there.
  if (await hasSchema(sql)) return
  await transact(sql, async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${CREATION_LOCK})`
    await transaction.unsafe(SCHEMA)
  })
}

const hasSchema = async (sql: Sql): Promise<boolean> => {
  const [found] = await sql`SELECT to_regclass('rockpool.version') IS NOT NULL AS found`
  if (!found!.found) return false
  const [row] = await sql`SELECT version FROM rockpool.version`
  if (row && row.version > VERSION) {
    throw new EventLogError(
      'newer_version',
      'A newer version of Rockpool wrote the event logs in Postgres. Update this server.',
    )
  }
  return row !== undefined
}
