/**
 * The tables of the read model, in the database of the log. They hold nothing that the log does not, except the results of
 * checks, which can be repeated. So the server rebuilds tables that are missing, of another shape, or made by other rules.
 *
 * Rows are numbered by the event that made them, so that most indices grow at their end: inserts at random places are what
 * an append would pay for.
 */
import type { Sql } from '../event-log/sql.ts'

/** Raise it when any event makes other rows than before: by `decodeEvent` and `applyEvent` of @rockpool/core, or by these tables. Those in Postgres count, too. */
export const RULES_VERSION = 6

/** Rows of `contents` that are said to be stored, without a proof in the log or by a check. */
export const CLAIMED = 'stored = 1 AND proved = 0 AND coalesce(found, 0) = 0'

const SCHEMA = {
  /** `applied`: number of the last event that the tables hold */
  read_model: 'CREATE TABLE read_model (rules INTEGER NOT NULL, applied INTEGER NOT NULL) STRICT',
  /** `ownerId`: `sub` of the user who added the file; `owner`, `path`: what the event names, if it does */
  files: `CREATE TABLE files (
    seqNum INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, ownerId TEXT, owner TEXT, path TEXT, name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
    remoteKey TEXT NOT NULL, bucket TEXT NOT NULL, meta TEXT NOT NULL, version TEXT NOT NULL,
    createdAt INTEGER NOT NULL, updatedAt INTEGER NOT NULL, deletedAt INTEGER
  ) STRICT`,
  // Each has the columns that a query filters by, so that a row is read only when it is on the page. `deletedAt`, too: SQLite
  // would read the row for it, though the index says that it is null.
  files_live:
    'CREATE INDEX files_live ON files (createdAt, seqNum, bucket, ownerId, size, deletedAt) WHERE deletedAt IS NULL',
  files_live_by_owner: `CREATE INDEX files_live_by_owner
    ON files (ownerId, bucket, createdAt, seqNum, size, deletedAt) WHERE deletedAt IS NULL`,
  files_live_by_path: `CREATE INDEX files_live_by_path ON files (bucket, path, seqNum)
    WHERE deletedAt IS NULL AND path IS NOT NULL`,
  files_deleted: 'CREATE INDEX files_deleted ON files (deletedAt) WHERE deletedAt IS NOT NULL',
  /** Of files that were replaced; the one version of all others is in `files`. `file`: number of the file's row */
  versions: `CREATE TABLE versions (
    seqNum INTEGER PRIMARY KEY, id TEXT NOT NULL, file INTEGER NOT NULL, remoteKey TEXT NOT NULL, size INTEGER NOT NULL,
    type TEXT NOT NULL, at INTEGER NOT NULL, conflict INTEGER NOT NULL
  ) STRICT`,
  versions_by_file: 'CREATE INDEX versions_by_file ON versions (file, seqNum)',
  /** `seqNum`: of the event that it is by; `checkedAt`, `found`: the last check since that event, which is not in the log */
  contents: `CREATE TABLE contents (
    remoteKey TEXT PRIMARY KEY, seqNum INTEGER NOT NULL, stored INTEGER NOT NULL, proved INTEGER NOT NULL, seenAt INTEGER,
    etag TEXT, versionId TEXT, checkedAt INTEGER, found INTEGER
  ) STRICT, WITHOUT ROWID`,
  contents_claimed: `CREATE INDEX contents_claimed ON contents (remoteKey, checkedAt, seqNum) WHERE ${CLAIMED}`,
  operations: 'CREATE TABLE operations (opId TEXT PRIMARY KEY, seqNum INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  /** All but additions, which are in `files`. */
  file_events:
    'CREATE TABLE file_events (seqNum INTEGER PRIMARY KEY, file INTEGER NOT NULL, kind TEXT NOT NULL) STRICT',
  /**
   * For SQL of operators and their tools: live files by the names of the REST API. `owner_id` is the `sub` of the user who added the
   * file, `created_at` unix ms. It lacks the newest events for a moment: the tables follow the log in the background.
   */
  storage_objects: `CREATE VIEW storage_objects AS
    SELECT id, bucket AS bucket_id, coalesce(path, id) AS path, ownerId AS owner_id, size, type AS content_type, createdAt AS created_at
    FROM files WHERE deletedAt IS NULL`,
  read_model_failures: `CREATE TABLE read_model_failures (
    seqNum INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL
  ) STRICT`,
}

const PLACEHOLDERS = Object.keys(SCHEMA)
  .map(() => '?')
  .join(', ')

const statementsOf = (sql: Sql): Map<unknown, unknown> => {
  const query = `SELECT name, sql FROM sqlite_schema WHERE name IN (${PLACEHOLDERS})`
  return new Map(Array.from(sql.rows(query, ...Object.keys(SCHEMA)), ({ name, sql }) => [name, sql]))
}

const isCurrent = (sql: Sql): boolean => {
  const statements = statementsOf(sql)
  if (Object.entries(SCHEMA).some(([name, statement]) => statements.get(name) !== statement)) return false
  const rows = Array.from(sql.rows('SELECT rules FROM read_model'))
  return rows.length === 1 && rows[0]!.rules === RULES_VERSION
}

/** Drops and creates the tables; they hold no event. */
export const resetTables = (sql: Sql): void =>
  sql.transaction(() => {
    // Dropping a table drops its indices.
    for (const [name, statement] of Object.entries(SCHEMA)) {
      const [, kind] = /^CREATE (TABLE|VIEW)/.exec(statement) ?? []
      if (kind !== undefined) sql.run(`DROP ${kind} IF EXISTS ${name}`)
    }
    for (const statement of Object.values(SCHEMA)) sql.run(statement)
    sql.run('INSERT INTO read_model VALUES (?, 0)', RULES_VERSION)
  })

/** Creates the tables where they are missing or not of this version. */
export const ensureTables = (sql: Sql): void => {
  if (!isCurrent(sql)) resetTables(sql)
}

/** Number of the last event that the tables hold. */
export const readApplied = (sql: Sql): number => {
  for (const { applied } of sql.rows('SELECT applied FROM read_model')) return Number(applied)
  return 0
}

export const writeApplied = (sql: Sql, applied: number): void => sql.run('UPDATE read_model SET applied = ?', applied)
