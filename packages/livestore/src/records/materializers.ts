/**
 * Materializes events into rows by core's `applyEvent`. Three properties of LiveStore 0.4.0 shape this file:
 *
 * 1. A materializer that throws on a synced event stops sync for every client, for good. So nothing here throws.
 * 2. In development LiveStore compares a hash of the statements that leader and session produce, and takes the leader's
 *    before the events ahead in the same batch are applied ("This is a bug", LeaderSyncProcessor.ts, issue 503). A
 *    materializer that reads would be shut down for it. So the statements are the same whatever the state, and the rows
 *    travel in one bound value that the hash does not see.
 * 3. The session's query cache is not invalidated by a rollback (SqliteDbWrapper.rollback), so after a rebase a read could
 *    return stale rows, and a pending event would look applied. So every event declares each table that it reads as
 *    written, which empties the cache; and no other code uses this file's SQL text for reads.
 */
import type { Materializer, MaterializerContextQuery, MaterializerResult } from '@livestore/livestore'
import {
  applyEvent,
  decodeEvent,
  decodeLegacyEvent,
  FILE_FIELDS,
  isLegacyEventName,
  type RecordChange,
  type RecordEventName,
  REMOTE_CONTENT_FIELDS,
  VERSION_FIELDS,
} from '@rockpool/core/records'
import {
  type FileRow,
  type RemoteContentRow,
  toFileRecord,
  toFileVersion,
  toRemoteContent,
  type VersionRow,
} from './rows.ts'

type Table = RecordChange['table']

/** The tables that an event may read or write; queries of `rockpool_files` do not rerun for an event about stored content. */
const TABLES: { readonly [Name in RecordEventName]: readonly Table[] } = {
  'v2.FileAdded': ['files', 'versions', 'operations'],
  'v2.FileContentReplaced': ['files', 'versions', 'operations'],
  'v2.FileRenamed': ['files', 'operations'],
  'v2.FileMetaSet': ['files', 'operations'],
  'v2.FileDeleted': ['files', 'operations'],
  'v2.FileRestored': ['files', 'operations'],
  'v2.ContentStored': ['remoteContents', 'operations'],
  'v2.ContentLost': ['remoteContents', 'operations'],
  'v1.FileCreated': ['files', 'versions', 'remoteContents', 'operations'],
  'v1.FileUpdated': ['files', 'versions', 'remoteContents', 'operations'],
  'v1.FileDeleted': ['files', 'operations'],
}

const upsert = (table: string, key: string, columns: readonly string[]) => {
  const values = columns.map((column) => `value ->> '$.${column}'`)
  const updates = columns.filter((column) => column !== key).map((column) => `${column} = excluded.${column}`)
  // `where true`: else SQLite takes ON CONFLICT for a join (sqlite.org/lang_upsert.html, "Parsing Ambiguity").
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM json_each(?) WHERE true
          ON CONFLICT (${key}) DO UPDATE SET ${updates.join(', ')}`
}

const STATEMENTS: { readonly [T in Table]: { readonly name: string; readonly sql: string } } = {
  files: { name: 'rockpool_files', sql: upsert('rockpool_files', 'id', FILE_FIELDS) },
  versions: { name: 'rockpool_file_versions', sql: upsert('rockpool_file_versions', 'id', VERSION_FIELDS) },
  remoteContents: {
    name: 'rockpool_remote_contents',
    sql: upsert('rockpool_remote_contents', 'remoteKey', REMOTE_CONTENT_FIELDS),
  },
  operations: {
    name: 'rockpool_applied_operations',
    // seq is the rowid: SQLite gives the largest one + 1
    sql: upsert('rockpool_applied_operations', 'opId', ['opId', 'subject']),
  },
}

const select = <Row>(query: MaterializerContextQuery, table: string, key: string, value: string): Row | undefined =>
  query({ query: `SELECT * FROM ${table} WHERE ${key} = $key`, bindValues: { key: value } })[0] as Row | undefined

/** A bound value that JSON.stringify, and so LiveStore's development hash, does not see (2 above). */
const bind = (value: string): string[] => Object.defineProperty([value], 'toJSON', { value: () => [] })

const toStatement = (table: Table, changes: readonly RecordChange[]): MaterializerResult => {
  const rows = changes.filter((change) => change.table === table).map((change) => toRow(change))
  const { name, sql } = STATEMENTS[table]
  return { sql, bindValues: bind(JSON.stringify(rows)), writeTables: new Set([name]) }
}

/** `->>` gives JSON's true as 1, and null as NULL; meta is a string within the JSON, so that its text stays as it is. */
const toRow = (change: RecordChange): object =>
  change.table === 'files' ? { ...change.row, meta: JSON.stringify(change.row.meta) } : change.row

const materialize =
  (name: RecordEventName): Materializer =>
  (args, { query }) => {
    const event = isLegacyEventName(name) ? decodeLegacyEvent(name, args) : decodeEvent(name, args)
    const changes = event
      ? applyEvent(
          {
            applied: (opId) => select(query, 'rockpool_applied_operations', 'opId', opId) !== undefined,
            file: (id) => toFileRecord(select<FileRow>(query, 'rockpool_files', 'id', id)),
            version: (id) => toFileVersion(select<VersionRow>(query, 'rockpool_file_versions', 'id', id)),
            remoteContent: (key) =>
              toRemoteContent(select<RemoteContentRow>(query, 'rockpool_remote_contents', 'remoteKey', key)),
          },
          event,
        )
      : []
    return TABLES[name].map((table) => toStatement(table, changes))
  }

/** Merge these into the app's own materializers. */
export const rockpoolMaterializers = Object.fromEntries(
  (Object.keys(TABLES) as RecordEventName[]).map((name) => [name, materialize(name)]),
) as { readonly [Name in RecordEventName]: Materializer }
