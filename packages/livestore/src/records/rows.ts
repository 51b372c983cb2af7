/** Rows as SQLite gives them, and the records they stand for. */
import type { FileRecord, FileVersion, RemoteContent } from '@rockpool/core'
import type { Owner } from '@rockpool/protocol'

export type FileRow = Omit<FileRecord, 'meta' | 'owner' | 'path' | 'remoteUrl'> & {
  readonly meta: string
  readonly remoteUrl: string | null
  readonly owner: Owner | null
  readonly path: string | null
}
export type VersionRow = Omit<FileVersion, 'conflict'> & { readonly conflict: 0 | 1 }
export type RemoteContentRow = Omit<RemoteContent, 'stored' | 'proved'> & {
  readonly stored: 0 | 1
  readonly proved: 0 | 1
}
export interface OperationRow {
  readonly seq: number
  readonly opId: string
  readonly subject: string
}

export function toFileRecord(row: FileRow): FileRecord
export function toFileRecord(row: FileRow | undefined): FileRecord | undefined
export function toFileRecord(row: FileRow | undefined): FileRecord | undefined {
  if (!row) return undefined
  const { owner, path, remoteUrl, ...record } = row
  return {
    ...record,
    ...(owner !== null && { owner }),
    ...(path !== null && { path }),
    ...(remoteUrl !== null && { remoteUrl }),
    meta: JSON.parse(row.meta),
  }
}

export function toFileVersion(row: VersionRow): FileVersion
export function toFileVersion(row: VersionRow | undefined): FileVersion | undefined
export function toFileVersion(row: VersionRow | undefined): FileVersion | undefined {
  return row && { ...row, conflict: row.conflict === 1 }
}

export const toRemoteContent = (row: RemoteContentRow | undefined): RemoteContent | undefined =>
  row && { ...row, stored: row.stored === 1, proved: row.proved === 1 }
