/**
 * The tables of the read model of all stores: those of SQLite ({@link ../../../read-model/schema.ts}), each with the column
 * `store_id`, and names as SQL has them. They can be made again from the events, so no version of them is migrated.
 */
import { CLAIMED } from '../../../read-model/schema.ts'
import type { COLUMNS } from '../../../read-model/working-set.ts'

/** Ids are compared byte by byte, as in SQLite. */
const TEXT = 'text COLLATE "C"'

interface Table {
  /** behind `store_id` */
  readonly key: readonly string[]
  /** type of each column, by its name in the queries of the read model */
  readonly columns: Readonly<Record<string, string>>
}

export const TABLES = {
  /** `applied`: number of the last event that the tables hold; `backendId`: of the log that they were made from */
  read_model: {
    key: [],
    columns: { backendId: `${TEXT} NOT NULL`, rules: 'integer NOT NULL', applied: 'bigint NOT NULL' },
  },
  files: {
    key: ['seqNum'],
    columns: {
      ...{
        seqNum: 'bigint NOT NULL',
        id: `${TEXT} NOT NULL`,
        ownerId: TEXT,
        owner: TEXT,
        path: TEXT,
        name: `${TEXT} NOT NULL`,
      },
      ...{
        type: `${TEXT} NOT NULL`,
        size: 'bigint NOT NULL',
        remoteKey: `${TEXT} NOT NULL`,
        bucket: `${TEXT} NOT NULL`,
      },
      ...{ meta: `${TEXT} NOT NULL`, version: `${TEXT} NOT NULL`, createdAt: 'bigint NOT NULL' },
      ...{ updatedAt: 'bigint NOT NULL', deletedAt: 'bigint' },
    },
  },
  versions: {
    key: ['seqNum'],
    columns: {
      ...{ seqNum: 'bigint NOT NULL', id: `${TEXT} NOT NULL`, file: 'bigint NOT NULL', remoteKey: `${TEXT} NOT NULL` },
      ...{ size: 'bigint NOT NULL', type: `${TEXT} NOT NULL`, at: 'bigint NOT NULL', conflict: 'integer NOT NULL' },
    },
  },
  contents: {
    key: ['remoteKey'],
    columns: {
      ...{
        remoteKey: `${TEXT} NOT NULL`,
        seqNum: 'bigint NOT NULL',
        stored: 'integer NOT NULL',
        proved: 'integer NOT NULL',
      },
      ...{ seenAt: 'bigint', etag: TEXT, versionId: TEXT, checkedAt: 'bigint', found: 'integer' },
    },
  },
  operations: { key: ['opId'], columns: { opId: `${TEXT} NOT NULL`, seqNum: 'bigint NOT NULL' } },
  file_events: {
    key: ['seqNum'],
    columns: { seqNum: 'bigint NOT NULL', file: 'bigint NOT NULL', kind: `${TEXT} NOT NULL` },
  },
  /** Sums of `files`, see `file-use.ts`. `account`: of the store, or of one user */
  file_use: {
    key: ['account'],
    columns: { account: `${TEXT} NOT NULL`, files: 'bigint NOT NULL', bytes: 'bigint NOT NULL' },
  },
  read_model_failures: {
    key: ['seqNum'],
    columns: { seqNum: 'bigint NOT NULL', name: `${TEXT} NOT NULL`, message: `${TEXT} NOT NULL` },
  },
} as const satisfies Readonly<Record<string, Table>> & Readonly<Record<keyof typeof COLUMNS, Table>>

export type TableName = keyof typeof TABLES

export const TABLE_NAMES = Object.keys(TABLES) as readonly TableName[]

/** `seqNum` is `seq_num`. */
export const toSnake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const columnsOf = (table: TableName): readonly string[] => Object.keys(TABLES[table].columns)

/** The type of a column, without its constraints. */
export const typeOf = (table: TableName, column: string): string => {
  const columns: Readonly<Record<string, string>> = TABLES[table].columns
  return columns[column]!.split(' ', 1)[0]!
}

const INDICES = {
  files_by_id: 'UNIQUE INDEX files_by_id ON rockpool.files (store_id, id)',
  files_live: 'INDEX files_live ON rockpool.files (store_id, created_at, seq_num) WHERE deleted_at IS NULL',
  files_live_by_owner: `INDEX files_live_by_owner
    ON rockpool.files (store_id, owner_id, bucket, created_at, seq_num) WHERE deleted_at IS NULL`,
  files_live_by_path: `INDEX files_live_by_path ON rockpool.files (store_id, bucket, path, seq_num)
    WHERE deleted_at IS NULL AND path IS NOT NULL`,
  files_deleted: 'INDEX files_deleted ON rockpool.files (store_id, deleted_at) WHERE deleted_at IS NOT NULL',
  versions_by_file: 'INDEX versions_by_file ON rockpool.versions (store_id, file, seq_num)',
  contents_claimed: `INDEX contents_claimed ON rockpool.contents (store_id, remote_key, checked_at) WHERE ${CLAIMED}`,
}

/** For SQL of operators and their tools: live files of all stores by the names of the REST API. `created_at` is unix ms. */
const VIEW = `CREATE VIEW rockpool.storage_objects AS
  SELECT store_id, id, bucket AS bucket_id, coalesce(path, id) AS path, owner_id, size, type AS content_type, created_at
  FROM rockpool.files WHERE deleted_at IS NULL`

const createTable = (table: TableName): string => {
  const columns = Object.entries(TABLES[table].columns).map(([name, type]) => `${toSnake(name)} ${type}`)
  const key = ['store_id', ...TABLES[table].key.map(toSnake)]
  return `CREATE TABLE rockpool.${table} (store_id ${TEXT} NOT NULL, ${columns.join(', ')}, PRIMARY KEY (${key.join(', ')}))`
}

/** Drops the tables, and creates them empty. */
export const RECREATE = [
  'DROP VIEW IF EXISTS rockpool.storage_objects',
  ...TABLE_NAMES.map((table) => `DROP TABLE IF EXISTS rockpool.${table}`),
  ...TABLE_NAMES.map(createTable),
  ...Object.values(INDICES).map((index) => `CREATE ${index}`),
  VIEW,
].join(';\n')

/** The columns of all relations of the schema, those of indices included. */
export const RELATIONS = `
  SELECT class.relname AS relation, array_to_string(array_agg(attribute.attname::text), ' ') AS columns
  FROM pg_class class
  JOIN pg_namespace namespace ON namespace.oid = class.relnamespace
  JOIN pg_attribute attribute ON attribute.attrelid = class.oid
  WHERE namespace.nspname = 'rockpool' AND attribute.attnum > 0 AND NOT attribute.attisdropped
  GROUP BY class.relname`

/** Whether the relations are the tables of this version. */
export const areCurrent = (rows: readonly { readonly relation: string; readonly columns: string }[]): boolean => {
  const found = new Map(rows.map(({ relation, columns }) => [relation, columns.split(' ').toSorted().join(' ')]))
  const isCurrent = (table: TableName) =>
    found.get(table) === ['store_id', ...columnsOf(table).map(toSnake)].toSorted().join(' ')
  return (
    found.has('storage_objects') &&
    TABLE_NAMES.every(isCurrent) &&
    Object.keys(INDICES).every((index) => found.has(index))
  )
}
