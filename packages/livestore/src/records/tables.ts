/**
 * The tables that the events materialize into. All names begin with `rockpool_`, so that an app can have its own `files`.
 *
 * **The schema hash trap.** LiveStore rebuilds its state from the event log when the hash of the tables changes, and only
 * then: the hash does not cover events. A client that met an event it did not know has skipped it, and after an upgrade
 * that knows the event it still lacks its effect, forever, unless a table changed as well. So: with every new event
 * version change the shape of a table here (a column, an index).
 *
 * LiveStore creates tables as STRICT: a REAL in an INTEGER column throws, and a materializer that throws stops sync. What
 * goes in is checked by core's `decode-event.ts`.
 */
import { Schema, State } from '@livestore/livestore'
import type { Owner, RemoteKey } from '@rockpool/protocol'
import type { FileMeta } from '@rockpool/core'

const { text, integer, boolean, table } = State.SQLite

const remoteKey = Schema.String as unknown as Schema.Schema<RemoteKey, string>
const owner = Schema.String as unknown as Schema.Schema<Owner, string>
const meta = Schema.parseJson(Schema.Unknown) as unknown as Schema.Schema<FileMeta, string>

/** One row per file, tombstones included. */
const rockpoolFiles = table({
  name: 'rockpool_files',
  columns: {
    id: text({ primaryKey: true }),
    name: text(),
    type: text(),
    /** bytes */
    size: integer(),
    remoteKey: text({ schema: remoteKey }),
    bucket: text(),
    /** segment of the user who added the file; null when the event does not say */
    owner: text({ nullable: true, schema: owner }),
    /** inside its bucket; null when the event does not say */
    path: text({ nullable: true }),
    /** JSON */
    meta: text({ schema: meta }),
    /** where livestore-filesync keeps the content, as its events say; null for files of Rockpool */
    remoteUrl: text({ nullable: true }),
    /** opId of the event that brought the current content */
    version: text(),
    /** unix ms */
    createdAt: integer(),
    updatedAt: integer(),
    /** unix ms; null while the file is live */
    deletedAt: integer({ nullable: true }),
  },
  indexes: [
    // Listing live files newest first, with and without a bucket: the limit ends the walk, whatever the number of files.
    { name: 'rockpool_files_live', columns: ['deletedAt', 'createdAt', 'id'] },
    { name: 'rockpool_files_live_by_bucket', columns: ['deletedAt', 'bucket', 'createdAt', 'id'] },
    { name: 'rockpool_files_by_remote_key', columns: ['remoteKey'] },
  ],
})

/** Versions of files, current ones included. */
const rockpoolFileVersions = table({
  name: 'rockpool_file_versions',
  columns: {
    /** opId of the event that brought it */
    id: text({ primaryKey: true }),
    fileId: text(),
    remoteKey: text({ schema: remoteKey }),
    size: integer(),
    type: text(),
    at: integer(),
    conflict: boolean(),
  },
  indexes: [
    { name: 'rockpool_file_versions_by_file', columns: ['fileId'] },
    { name: 'rockpool_file_versions_by_remote_key', columns: ['remoteKey'] },
  ],
})

/** What the log says about content in object storage. */
const rockpoolRemoteContents = table({
  name: 'rockpool_remote_contents',
  columns: {
    remoteKey: text({ primaryKey: true, schema: remoteKey }),
    stored: boolean(),
    /** stored, by a receipt of the signer */
    proved: boolean(),
    /** unix ms, of the newest receipt */
    seenAt: integer({ nullable: true }),
    etag: text({ nullable: true }),
    versionId: text({ nullable: true }),
  },
})

/** Operations in the order in which this device applied them; `seq` grows, and starts over where a rebase rolled back. */
const rockpoolAppliedOperations = table({
  name: 'rockpool_applied_operations',
  columns: {
    seq: integer({ primaryKey: true }),
    opId: text(),
    /** file id or remote key */
    subject: text(),
  },
  indexes: [{ name: 'rockpool_applied_operations_by_op_id', columns: ['opId'], isUnique: true }],
})

/** Merge these into the app's own tables. The keys have the prefix too, so that a spread replaces none of them. */
export const rockpoolTables = {
  rockpoolFiles,
  rockpoolFileVersions,
  rockpoolRemoteContents,
  rockpoolAppliedOperations,
}
