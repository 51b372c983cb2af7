/**
 * The rows that a group of events reads and writes, in memory: loaded by a few queries, stored by one statement a row, once,
 * however often the events change it.
 */
import type { FileRecord, FileVersion, PoolEvent, RecordChange, RecordState } from '@rockpool/core/records'
import type { Sql } from '../event-log/sql.ts'
import type { StoredEvent } from '../event-log/event.ts'
import type { FileEventKind } from './file-events.ts'
import {
  type ContentRow,
  fromContent,
  fromFile,
  type StoredFile,
  toContent,
  toFile,
  toVersion,
  UPSERT_CONTENT,
  UPSERT_FILE,
} from './rows.ts'

export interface WorkingSet extends RecordState {
  /** All changes of an event or, when it throws, none of them. */
  take(origin: Pick<StoredEvent, 'seqNum' | 'sub'>, event: PoolEvent, changes: readonly RecordChange[]): void
  /** Writes what has changed. Call it in a transaction. */
  store(sql: Sql): void
}

const KINDS: { readonly [Name in PoolEvent['name']]?: FileEventKind } = {
  'v2.FileAdded': 'added',
  'v2.FileContentReplaced': 'replaced',
  'v2.FileRenamed': 'renamed',
  'v2.FileMetaSet': 'metaSet',
  'v2.FileDeleted': 'deleted',
  'v2.FileRestored': 'restored',
}

/** A row that is there or will be, beside whether it has to be written. */
interface Kept<Row> {
  readonly row: Row
  readonly changed: boolean
}

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
export const loadWorkingSet = (sql: Sql, events: readonly PoolEvent[]): WorkingSet => {
  const applied = new Map<string, Kept<number>>()
  const files = new Map<string, Kept<StoredFile & { readonly values?: ReturnType<typeof fromFile> }>>()
  const versions = new Map<string, Kept<VersionRow>>()
  const contents = new Map<string, Kept<ContentRow>>()
  const fileEvents: FileEventRow[] = []

  const opIds = JSON.stringify(events.map(({ opId }) => opId))
  for (const { opId, seqNum } of sql.rows(APPLIED, opIds)) {
    applied.set(opId as string, { row: seqNum as number, changed: false })
  }
  const ids = JSON.stringify([...new Set(events.flatMap(({ args }) => ('id' in args ? [args.id] : [])))])
  for (const row of sql.rows(FILES, ids)) files.set(row.id as string, { row: toFile(row), changed: false })
  const replaced = events.flatMap(({ name, args }) => (name === 'v2.FileContentReplaced' ? [args.id] : []))
  for (const row of replaced.length > 0 ? sql.rows(CURRENT_VERSIONS, JSON.stringify(replaced)) : []) {
    const version = { ...toVersion(row), seqNum: row.seqNum as number, file: row.file as number }
    versions.set(version.id, { row: version, changed: false })
  }

  const toFileRow = (record: FileRecord, origin: Pick<StoredEvent, 'seqNum' | 'sub'>) => {
    const known = files.get(record.id)?.row
    const file = {
      ...record,
      owner: known ? known.owner : (origin.sub ?? null),
      seqNum: known?.seqNum ?? origin.seqNum,
    }
    // Now, since it may throw.
    return { ...file, values: fromFile(file) }
  }

  const keys = JSON.stringify([...new Set(events.flatMap(({ args }) => ('id' in args ? [] : [args.remoteKey])))])
  for (const row of sql.rows(CONTENTS, keys))
    contents.set(row.remoteKey as string, { row: { ...toContent(row), seqNum: row.seqNum as number }, changed: false })

  return {
    applied: (opId) => applied.has(opId),
    file: (id) => files.get(id)?.row,
    version: (id) => versions.get(id)?.row,
    remoteContent: (key) => contents.get(key)?.row,
    take: (origin, event, changes) => {
      const { seqNum } = origin
      const record = changes.find((change) => change.table === 'files')?.row
      const file = record && toFileRow(record, origin)
      if (file) files.set(file.id, { row: file, changed: true })
      for (const { table, row } of changes) {
        if (table === 'versions') {
          const known = versions.get(row.id)?.row
          const version = { ...row, seqNum: known?.seqNum ?? seqNum, file: known?.file ?? file!.seqNum }
          versions.set(row.id, { row: version, changed: true })
        }
        if (table === 'remoteContents') contents.set(row.remoteKey, { row: { ...row, seqNum }, changed: true })
        if (table === 'operations') applied.set(row.opId, { row: seqNum, changed: true })
      }
      const kind = KINDS[event.name]
      if (file && kind) fileEvents.push({ seqNum, file: file.seqNum, kind })
    },
    store: (database) => {
      for (const { row, changed } of files.values()) if (changed) database.run(UPSERT_FILE, ...row.values!)
      for (const { row, changed } of versions.values()) {
        const { seqNum, id, file, remoteKey, size, type, at, conflict } = row
        if (changed) database.run(UPSERT_VERSION, seqNum, id, file, remoteKey, size, type, at, conflict ? 1 : 0)
      }
      for (const { row, changed } of contents.values()) if (changed) database.run(UPSERT_CONTENT, ...fromContent(row))
      // In the order of the table: neighbours share a page.
      const operations = [...applied].filter(([, { changed }]) => changed).toSorted(([a], [b]) => (a < b ? -1 : 1))
      for (const [opId, { row }] of operations) database.run('INSERT INTO operations VALUES (?, ?)', opId, row)
      for (const { seqNum, file, kind } of fileEvents) {
        database.run('INSERT INTO file_events VALUES (?, ?, ?)', seqNum, file, kind)
      }
    },
  }
}

const APPLIED = 'SELECT opId, seqNum FROM operations WHERE opId IN (SELECT value FROM json_each(?))'
const FILES = 'SELECT * FROM files WHERE id IN (SELECT value FROM json_each(?))'
const CONTENTS = 'SELECT * FROM contents WHERE remoteKey IN (SELECT value FROM json_each(?))'
const CURRENT_VERSIONS = `SELECT versions.*, files.id AS fileId FROM files
  JOIN operations ON operations.opId = files.version JOIN versions ON versions.seqNum = operations.seqNum
  WHERE files.id IN (SELECT value FROM json_each(?))`
const UPSERT_VERSION =
  'INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seqNum) DO UPDATE SET conflict = excluded.conflict'
