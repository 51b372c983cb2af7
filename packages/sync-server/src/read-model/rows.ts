/** Rows of the tables, and the records they stand for. */
import {
  FILE_FIELDS,
  type FileRecord,
  type FileVersion,
  REMOTE_CONTENT_FIELDS,
  type RemoteContent,
} from '@rockpool/core/records'
import type { SqlValue } from '../event-log/sql.ts'

export type Row = Readonly<Record<string, unknown>>

/** A file, and what the log knows of it beside its record. */
export interface StoredFile extends FileRecord {
  /** `sub` of the user who pushed the event that added it; null when it was imported */
  readonly ownerId: string | null
  /** number of the event that added it */
  readonly seqNum: number
}

/** Not `remoteUrl`: no rule reads it, and the server knows a content by its remote key. */
export const FILE_COLUMNS: readonly (keyof StoredFile)[] = [
  'seqNum',
  'ownerId',
  ...FILE_FIELDS.filter((field) => field !== 'remoteUrl'),
]

/** The values of {@link FILE_COLUMNS}. @throws RangeError for metadata too deep for `JSON.stringify` */
export const fromFile = (file: StoredFile): SqlValue[] =>
  FILE_COLUMNS.map((column) => (column === 'meta' ? JSON.stringify(file.meta) : (file[column] ?? null)))

export const toFile = ({ meta, owner, path, ...row }: Row): StoredFile =>
  ({
    ...row,
    ...(owner !== null && { owner }),
    ...(path !== null && { path }),
    meta: JSON.parse(meta as string),
  }) as unknown as StoredFile

export const toVersion = ({ id, fileId, remoteKey, size, type, at, conflict }: Row): FileVersion =>
  ({ id, fileId, remoteKey, size, type, at, conflict: conflict === 1 }) as unknown as FileVersion

/** The version that a file began with. It has no row until the file is replaced. */
export const toFirstVersion = ({ version, id, remoteKey, size, type, createdAt }: FileRecord): FileVersion => ({
  ...{ id: version, fileId: id, remoteKey, size, type },
  at: createdAt,
  conflict: false,
})

/** What the log says of a content in object storage, and what this server has found there since. */
export interface CheckedContent extends RemoteContent {
  /** the last check of a claim; null: none since the log last said something about the content */
  readonly check: ContentCheck | null
}

export interface ContentCheck {
  /** unix ms */
  readonly at: number
  /** object storage had the content */
  readonly found: boolean
}

/** A row of the table `contents` as an event makes it. */
export interface ContentRow extends RemoteContent {
  /** number of the event */
  readonly seqNum: number
}

export const CONTENT_COLUMNS: readonly (keyof ContentRow)[] = ['seqNum', ...REMOTE_CONTENT_FIELDS]

/** The values of {@link CONTENT_COLUMNS}. */
export const fromContent = (content: ContentRow): SqlValue[] =>
  CONTENT_COLUMNS.map((column) => {
    const value = content[column]
    return typeof value === 'boolean' ? Number(value) : value
  })

export const toContent = ({ remoteKey, stored, proved, seenAt, etag, versionId }: Row): RemoteContent =>
  ({ remoteKey, stored: stored === 1, proved: proved === 1, seenAt, etag, versionId }) as unknown as RemoteContent

export const toCheckedContent = (row: Row): CheckedContent => {
  const { checkedAt, found } = row
  return { ...toContent(row), check: checkedAt === null ? null : { at: checkedAt as number, found: found === 1 } }
}
