/**
 * Applies an event to the records. Every record log uses it.
 *
 * Total: any event after any others gives changes and never throws, since a materializer that throws stops sync for
 * every client for good. Deterministic: replicas that apply the same events in the same order agree.
 */
import { parseReceipt, parseRemoteKey } from '@rockpool/protocol'
import type { EventArgs } from './decode-event.ts'
import { legacyChanges } from './apply-legacy.ts'
import type { PoolEvent } from './events.ts'
import type { FileRecord, RemoteContent } from './record.ts'
import type { RecordChange, RecordEvent, RecordState } from './record-state.ts'

/** The rows that `event` writes. Empty when its opId was applied before. */
export const applyEvent = (state: RecordState, event: RecordEvent): readonly RecordChange[] => {
  if (state.applied(event.opId)) return []
  const changes = changesOf(state, event)
  if (changes === undefined) return []
  const subject = 'id' in event.args ? event.args.id : event.args.remoteKey
  // Recorded even without effect: a later copy, when the file exists, must have no effect either.
  return [...changes, { table: 'operations', row: { opId: event.opId, subject } }]
}

/**
 * The record after `event` of a file that was `before` (undefined: unknown). Computed, because the log may lack an event
 * right after its append: LiveStore rolls pending events back for a moment during a rebase.
 */
export const recordAfter = (event: PoolEvent, before?: FileRecord): FileRecord | undefined => {
  const nothing = () => undefined
  const state = { applied: () => false, file: () => before, version: nothing, remoteContent: nothing }
  return applyEvent(state, event).find((change) => change.table === 'files')?.row ?? before
}

/** Undefined for an unknown event, of a newer version. */
const changesOf = (state: RecordState, event: RecordEvent): readonly RecordChange[] | undefined => {
  switch (event.name) {
    case 'v2.FileAdded': {
      const { id, name, type, size, remoteKey, meta, at, owner, path } = event.args
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
            ...(owner !== undefined && { owner }),
            ...(path !== undefined && { path }),
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
      // An edit beats a concurrent delete: it lifts the tombstone, and the two are in conflict. Two writers of the same bytes
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
      const { remoteKey } = event.args
      if (!parseRemoteKey(remoteKey)) return []
      const before = state.remoteContent(remoteKey)
      const row = contentAfterStored(event.args, before)
      return row === before ? [] : [{ table: 'remoteContents', row }]
    }
    case 'v2.ContentLost': {
      const { remoteKey } = event.args
      if (!parseRemoteKey(remoteKey)) return []
      const seenAt = state.remoteContent(remoteKey)?.seenAt ?? null
      const row: RemoteContent = { remoteKey, stored: false, proved: false, seenAt, etag: null, versionId: null }
      return [{ table: 'remoteContents', row }]
    }
    case 'v1.FileCreated':
    case 'v1.FileUpdated':
    case 'v1.FileDeleted':
      return legacyChanges(state, event)
    default:
      return undefined
  }
}

/**
 * Only a receipt newer than all before it is a proof: receipts are in the log, where any writer can copy one,
 * and a copy must not prove content that was lost since. Proved content stays proved until it is lost.
 */
const contentAfterStored = (
  args: Omit<EventArgs<'v2.ContentStored'>, 'opId'>,
  before: RemoteContent | undefined,
): RemoteContent => {
  const { remoteKey, receipt } = args
  const known = { remoteKey, stored: true, etag: args.etag ?? null, versionId: args.versionId ?? null }
  const seenAt = receipt === undefined ? undefined : parseReceipt(receipt)?.at
  const newest = before?.seenAt ?? null
  if (seenAt !== undefined && (newest === null || seenAt > newest)) {
    return { ...known, proved: true, seenAt }
  }
  return before?.proved ? before : { ...known, proved: false, seenAt: newest }
}

const patched = (state: RecordState, id: string, patch: Partial<FileRecord>): readonly RecordChange[] => {
  const file = state.file(id)
  return file ? [{ table: 'files', row: { ...file, ...patch } }] : []
}
