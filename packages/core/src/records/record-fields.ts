/** The fields of each record: what a table of them has as columns. Complete by their types. */
import type { FileRecord, FileVersion, RemoteContent } from './record.ts'

/** One entry for each field, optional ones included. */
type Fields<Record> = { readonly [Field in keyof Record]-?: true }

const namesOf = <Record>(fields: Fields<Record>) => Object.keys(fields) as unknown as readonly (keyof Record & string)[]

export const FILE_FIELDS = namesOf<FileRecord>({
  id: true,
  name: true,
  type: true,
  size: true,
  remoteKey: true,
  bucket: true,
  owner: true,
  path: true,
  meta: true,
  remoteUrl: true,
  version: true,
  createdAt: true,
  updatedAt: true,
  deletedAt: true,
})

export const VERSION_FIELDS = namesOf<FileVersion>({
  id: true,
  fileId: true,
  remoteKey: true,
  size: true,
  type: true,
  at: true,
  conflict: true,
})

export const REMOTE_CONTENT_FIELDS = namesOf<RemoteContent>({
  remoteKey: true,
  stored: true,
  proved: true,
  seenAt: true,
  etag: true,
  versionId: true,
})
