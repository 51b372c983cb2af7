/**
 * The rows that a group of events reads and writes, in memory: loaded by a few queries, and stored once, however often the events
 * change them.
 */
import type { FileRecord, FileVersion, RecordChange, RecordEvent, RecordState } from '@rockpool/core/records'
import type { SqlValue } from '../event-log/sql.ts'
import type { StoredEvent } from '../event-log/event.ts'
import type { FileEventKind } from './file-events.ts'
import { type Query, statement } from './query.ts'
import {
  CONTENT_COLUMNS,
  type ContentRow,
  FILE_COLUMNS,
  fromContent,
  fromFile,
  type Row,
  type StoredFile,
  toContent,
  toFile,
  toFirstVersion,
  toVersion,
} from './rows.ts'

export interface WorkingSet extends RecordState {
  /** All changes of an event or, when it throws, none of them. */
  take(origin: Pick<StoredEvent, 'seqNum' | 'sub'>, event: RecordEvent, changes: readonly RecordChange[]): void
  /** The rows to store. */
  changes(): ChangedRows
}

/** Rows by their table, each with its values in the order of the columns ({@link COLUMNS}). */
export type ChangedRows = { readonly [Table in keyof typeof COLUMNS]: readonly (readonly SqlValue[])[] }

/** The columns of each table that events change, but for the results of checks in `contents`. */
export const COLUMNS = {
  files: FILE_COLUMNS,
  versions: ['seqNum', 'id', 'file', 'remoteKey', 'size', 'type', 'at', 'conflict'],
  contents: CONTENT_COLUMNS,
  operations: ['opId', 'seqNum'],
  file_events: ['seqNum', 'file', 'kind'],
} as const

/** An addition has no row: `files` has its number. */
const KINDS: { readonly [Name in RecordEvent['name']]?: FileEventKind } = {
  'v2.FileContentReplaced': 'replaced',
  'v2.FileRenamed': 'renamed',
  'v2.FileMetaSet': 'metaSet',
  'v2.FileDeleted': 'deleted',
  'v2.FileRestored': 'restored',
  'v1.FileDeleted': 'deleted',
}

/** A row that is there or will be, beside whether it has to be written. */
interface Kept<Row> {
  readonly row: Row
  readonly changed: boolean
}

type FileRow = StoredFile & { readonly values?: ReturnType<typeof fromFile> }

interface VersionRow extends FileVersion {
  readonly seqNum: number
  readonly file: number
}

interface FileEventRow {
  readonly seqNum: number
  readonly file: number
  readonly kind: FileEventKind
}

/** The working set of `events`, with the rows that the tables have. */
export function* loadWorkingSet(events: readonly RecordEvent[]): Query<WorkingSet> {
  const ids = events.flatMap(({ args }) => ('id' in args ? [args.id] : []))
  const replaced = events.flatMap(({ name, args }) =>
    name === 'v2.FileContentReplaced' || name === 'v1.FileUpdated' ? [args.id] : [],
  )
  // An event of livestore-filesync is about a file and about its stored content.
  const keys = events.flatMap(({ args }) => ('id' in args && !('stored' in args) ? [] : [args.remoteKey]))

  const opIds = events.map(({ opId }) => opId)
  const applied = new Set((yield* select(APPLIED, opIds)).map(({ opId }) => opId as string))
  const operations: (readonly [opId: string, seqNum: number])[] = []
  const files = new Map<string, Kept<FileRow>>()
  for (const row of yield* select(FILES, ids)) files.set(row.id as string, { row: toFile(row), changed: false })
  const contents = new Map<string, Kept<ContentRow>>()
  for (const row of yield* select(CONTENTS, keys)) {
    contents.set(row.remoteKey as string, { row: { ...toContent(row), seqNum: row.seqNum as number }, changed: false })
  }
  const versions = new Map<string, Kept<VersionRow>>()
  for (const row of yield* select(CURRENT_VERSIONS, replaced)) {
    const version = { ...toVersion(row), seqNum: row.seqNum as number, file: row.file as number }
    versions.set(version.id, { row: version, changed: false })
  }
  /** files whose first version has no row yet, by its id */
  const unreplaced = new Map<string, StoredFile>()
  for (const id of replaced) {
    const file = files.get(id)?.row
    if (file && !versions.has(file.version)) unreplaced.set(file.version, file)
  }
  const fileEvents: FileEventRow[] = []

  const versionOf = (id: string): VersionRow | undefined => {
    const file = unreplaced.get(id)
    return file ? { ...toFirstVersion(file), seqNum: file.seqNum, file: file.seqNum } : versions.get(id)?.row
  }

  const toFileRow = (record: FileRecord, known: FileRow | undefined, origin: Pick<StoredEvent, 'seqNum' | 'sub'>) => {
    const ownerId = known ? known.ownerId : (origin.sub ?? null)
    const file = { ...record, ownerId, seqNum: known?.seqNum ?? origin.seqNum }
    // Now, since it may throw.
    return { ...file, values: fromFile(file) }
  }

  return {
    applied: (opId) => applied.has(opId),
    file: (id) => files.get(id)?.row,
    version: versionOf,
    remoteContent: (key) => contents.get(key)?.row,
    take: (origin, event, changes) => {
      const { seqNum } = origin
      const record = changes.find((change) => change.table === 'files')?.row
      const before = record && files.get(record.id)?.row
      const file = record && toFileRow(record, before, origin)
      if (file) files.set(file.id, { row: file, changed: true })
      if (file && !before) unreplaced.set(file.version, file)
      if (file && before && file.version !== before.version) {
        const former = versionOf(before.version)
        if (unreplaced.delete(before.version)) versions.set(former!.id, { row: former!, changed: true })
      }
      for (const { table, row } of changes) {
        if (table === 'versions' && before) {
          const known = versions.get(row.id)?.row
          const version = { ...row, seqNum: known?.seqNum ?? seqNum, file: before.seqNum }
          versions.set(row.id, { row: version, changed: true })
        }
        if (table === 'remoteContents') contents.set(row.remoteKey, { row: { ...row, seqNum }, changed: true })
        if (table === 'operations') {
          applied.add(row.opId)
          operations.push([row.opId, seqNum])
        }
      }
      const isEdit = event.name === 'v1.FileUpdated' && file?.version !== before?.version
      const kind = isEdit ? 'replaced' : KINDS[event.name]
      if (file && kind) fileEvents.push({ seqNum, file: file.seqNum, kind })
    },
    changes: () => ({
      files: changed(files).map(({ values }) => values!),
      versions: changed(versions).map((row) =>
        COLUMNS.versions.map((column) => (column === 'conflict' ? Number(row.conflict) : row[column])),
      ),
      contents: changed(contents).map(fromContent),
      // In the order of the table: neighbours share a page.
      operations: operations.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      file_events: fileEvents.map(({ seqNum, file, kind }) => [seqNum, file, kind]),
    }),
  }
}

const changed = <A>(rows: ReadonlyMap<string, Kept<A>>): readonly A[] =>
  [...rows.values()].flatMap(({ row, changed }) => (changed ? [row] : []))

/** The rows of a query by a list of keys. */
function* select(query: string, keys: readonly string[]): Query<readonly Row[]> {
  return keys.length === 0 ? [] : yield statement(query, JSON.stringify([...new Set(keys)]))
}

const APPLIED = 'SELECT opId FROM operations WHERE opId IN (SELECT value FROM json_each(?))'
const FILES = 'SELECT * FROM files WHERE id IN (SELECT value FROM json_each(?))'
const CONTENTS = 'SELECT * FROM contents WHERE remoteKey IN (SELECT value FROM json_each(?))'
const CURRENT_VERSIONS = `SELECT versions.*, files.id AS fileId FROM files
  JOIN operations ON operations.opId = files.version JOIN versions ON versions.seqNum = operations.seqNum
  WHERE files.id IN (SELECT value FROM json_each(?))`
