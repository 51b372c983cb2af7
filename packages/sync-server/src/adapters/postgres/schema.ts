/** The tables of all stores' event logs, in a schema of their own. */
import type { ISql, Sql } from 'postgres'
import { EventLogError } from '../../event-log/event-log.ts'
import { transact } from './database.ts'
import { areCurrent, RECREATE, RELATIONS } from './read-model/tables.ts'

/** 2: redactions. */
const VERSION = 2

/** Servers that start at the same time create the tables once. Any number that no other application is likely to lock. */
const CREATION_LOCK = 7_262_535_764

/**
 * `logs.head` and `logs.bytes`: number of the last event, and bytes of all by `eventBytes`; `redactions`: how many there were,
 * so that servers notice that events have changed. The row is also the lock of the log.
 * `args`: compressed and moved out of the row when it is long. `COLLATE "C"`: ids are compared byte by byte.
 * `redactions`: the audit table, as in SQLite.
 */
const SCHEMA = `
  CREATE SCHEMA IF NOT EXISTS rockpool;
  CREATE TABLE IF NOT EXISTS rockpool.version (version integer NOT NULL);
  CREATE TABLE IF NOT EXISTS rockpool.logs (
    store_id text COLLATE "C" PRIMARY KEY, backend_id text NOT NULL, created_at bigint NOT NULL,
    head bigint NOT NULL, bytes bigint NOT NULL
  );
  ALTER TABLE rockpool.logs ADD COLUMN IF NOT EXISTS redactions integer NOT NULL DEFAULT 0;
  CREATE TABLE IF NOT EXISTS rockpool.events (
    store_id text COLLATE "C" NOT NULL REFERENCES rockpool.logs, seq_num bigint NOT NULL,
    name text NOT NULL, args text, client_id text NOT NULL, session_id text NOT NULL, sub text, at bigint NOT NULL,
    PRIMARY KEY (store_id, seq_num)
  );
  CREATE TABLE IF NOT EXISTS rockpool.redactions (
    store_id text COLLATE "C" NOT NULL REFERENCES rockpool.logs, seq_num bigint NOT NULL,
    name text NOT NULL, args text, client_id text NOT NULL, session_id text NOT NULL, sub text, at bigint NOT NULL,
    redacted_by text NOT NULL, reason text NOT NULL, redacted_at bigint NOT NULL,
    operation text COLLATE "C", file text COLLATE "C", commit_mark text COLLATE "C",
    PRIMARY KEY (store_id, seq_num)
  );
  DELETE FROM rockpool.version;
  INSERT INTO rockpool.version VALUES (${VERSION})`

/**
 * Creates what is missing. The tables of the read model are created again when they are not of this version.
 *
 * @throws EventLogError `newer_version`
 * @throws the driver's error
 */
export const ensureSchema = async (sql: Sql): Promise<void> => {
  // A user who may not create a schema can work with one that is there.
  if ((await readVersion(sql)) === VERSION && (await hasReadModel(sql))) return
  await transact(sql, async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${CREATION_LOCK})`
    // Another server may have been faster.
    if ((await readVersion(transaction)) !== VERSION) await transaction.unsafe(SCHEMA)
    if (!(await hasReadModel(transaction))) await transaction.unsafe(RECREATE)
  })
}

/** @returns undefined where there is no schema yet */
const readVersion = async (sql: ISql): Promise<number | undefined> => {
  const [found] = await sql`SELECT to_regclass('rockpool.version') IS NOT NULL AS found`
  if (!found!.found) return undefined
  const [row] = await sql<{ version: number }[]>`SELECT version FROM rockpool.version`
  if (row && row.version > VERSION) {
    throw new EventLogError(
      'newer_version',
      'A newer version of Rockpool wrote the event logs in Postgres. Update this server.',
    )
  }
  return row?.version
}

const hasReadModel = async (sql: ISql): Promise<boolean> =>
  areCurrent(await sql.unsafe<{ relation: string; columns: string }[]>(RELATIONS))
