/**
 * What an event does to the records: the one rule book, used by every record log.
 *
 * Total: any event after any others gives changes and never throws, since a materializer that throws stops sync for
 * every client for good. Deterministic: replicas that apply the same events in the same order agree.
 */
import { parseRemoteKey } from '@rockpool/protocol'
import type { PoolEvent } from './events.ts'
import type { FileRecord, FileVersion, RemoteContent } from './record.ts'

/** What {@link applyEvent} needs to know of the records so far. */
export interface RecordState {
  readonly applied: (opId: string) => boolean
  readonly file: (id: string) => FileRecord | undefined
  readonly version: (id: string) => FileVersion | undefined
}

/** One row to write; all changes of an event are written together. */
export type RecordChange =
  | { readonly table: 'files'; readonly row: FileRecord }
  | { readonly table: 'versions'; readonly row: FileVersion }
  | { readonly table: 'remoteContents'; readonly row: RemoteContent }
  /** `subject` is the file id, or the remote key, that the event speaks of */
  | { readonly table: 'operations'; readonly row: { readonly opId: string; readonly subject: string } }

/** The rows that `event` writes. Empty when its opId was applied before. */
export const applyEvent = (state: RecordState, event: PoolEvent): readonly RecordChange[] => {
  if (state.applied(event.opId)) return []
  const changes = changesOf(state, event)
  if (changes === undefined) return []
  const subject = 'id' in event.args ? event.args.id : event.args.remoteKey
  // Marked even when the event changes nothing: a copy that comes later, when the file exists, must change nothing either.
  return [...changes, { table: 'operations', row: { opId: event.opId, subject } }]
}

/**
 * The record that `event` makes of a file which is `before` (undefined: unknown). What is asked of the log right after an
 * append may not be there: LiveStore takes pending events back for a moment while it rebases.
 */
export const recordAfter = (event: PoolEvent, before?: FileRecord): FileRecord | undefined => {
  const state: RecordState = { applied: () => false, file: () => before, version: () => undefined }
  return applyEvent(state, event).find((change) => change.table === 'files')?.row ?? before
}

/** Undefined for an event of a newer version, whose name says nothing here. */
const changesOf = (state: RecordState, event: PoolEvent): readonly RecordChange[] | undefined => {
  switch (event.name) {
    case 'v2.FileAdded': {
      const { id, name, type, size, remoteKey, meta, at } = event.args
      const bucket = parseRemoteKey(remoteKey)?.bucket
      if (bucket === undefined || state.file(id)) return []
      return [
        {
          table: 'files',
          row: {
            id,
            name,
            type,
            size,
            remoteKey,
            bucket,
            meta,
            version: event.opId,
            createdAt: at,
            updatedAt: at,
            deletedAt: null,
          },
        },
        { table: 'versions', row: { id: event.opId, fileId: id, remoteKey, size, type, at, conflict: false } },
      ]
    }
    case 'v2.FileContentReplaced': {
      const { id, remoteKey, size, type, basedOn, at } = event.args
      const file = state.file(id)
      const bucket = parseRemoteKey(remoteKey)?.bucket
      if (!file || bucket === undefined) return []
      const former = state.version(file.version)
      // An edit beats a concurrent delete: it lifts the tombstone, and the two are in conflict. Two who bring the same bytes
      // are not.
      const conflict = remoteKey !== file.remoteKey && (basedOn !== file.remoteKey || file.deletedAt !== null)
      return [
        {
          table: 'files',
          row: { ...file, remoteKey, bucket, size, type, version: event.opId, updatedAt: at, deletedAt: null },
        },
        { table: 'versions', row: { id: event.opId, fileId: id, remoteKey, size, type, at, conflict: false } },
        ...(conflict && former ? [{ table: 'versions', row: { ...former, conflict: true } } as const] : []),
      ]
    }
    case 'v2.FileRenamed':
      return patched(state, event.args.id, { name: event.args.name, updatedAt: event.args.at })
    case 'v2.FileMetaSet':
      return patched(state, event.args.id, { meta: event.args.meta, updatedAt: event.args.at })
    case 'v2.FileDeleted':
      return state.file(event.args.id)?.deletedAt === null
        ? patched(state, event.args.id, { deletedAt: event.args.at, updatedAt: event.args.at })
        : []
    case 'v2.FileRestored':
      return (state.file(event.args.id)?.deletedAt ?? null) === null
        ? []
        : patched(state, event.args.id, { deletedAt: null, updatedAt: event.args.at })
    case 'v2.ContentStored': {
      const { remoteKey, etag = null, versionId = null } = event.args
      return parseRemoteKey(remoteKey)
        ? [{ table: 'remoteContents', row: { remoteKey, stored: true, etag, versionId } }]
        : []
    }
    case 'v2.ContentLost': {
      const { remoteKey } = event.args
      return parseRemoteKey(remoteKey)
        ? [{ table: 'remoteContents', row: { remoteKey, stored: false, etag: null, versionId: null } }]
        : []
    }
    default:
      return undefined
  }
}

const patched = (state: RecordState, id: string, patch: Partial<FileRecord>): readonly RecordChange[] => {
  const file = state.file(id)
  return file ? [{ table: 'files', row: { ...file, ...patch } }] : []
}
