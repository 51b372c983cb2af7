/**
 * Rules for the events of livestore-filesync. Its files stand in the same tables as ours, until a client that has their bytes
 * replaces the legacy key by one of ours (`v2.FileContentReplaced`). Old clients may go on writing in the meantime.
 */
import { addressOfKey, isLegacyKey } from '@rockpool/protocol'
import { type LegacyContent, type LegacyEvent, sizeOfLegacyMeta, typeOfLegacyMeta } from './legacy-event.ts'
import type { RecordChange, RecordState } from './record-state.ts'

/** The bucket of all files of livestore-filesync, which has none. */
const LEGACY_BUCKET = 'files'

export const legacyChanges = (state: RecordState, event: LegacyEvent): readonly RecordChange[] => {
  switch (event.name) {
    case 'v1.FileCreated':
      return state.file(event.args.id) ? [] : [...created(event.opId, event.args), ...stored(state, event.args)]
    case 'v1.FileUpdated':
      return [...updated(state, event.opId, event.args), ...stored(state, event.args)]
    case 'v1.FileDeleted': {
      const { id, at } = event.args
      const file = state.file(id)
      return file?.deletedAt === null ? [{ table: 'files', row: { ...file, deletedAt: at, updatedAt: at } }] : []
    }
  }
}

const created = (opId: string, { id, remoteKey, remoteUrl, meta = {}, at }: LegacyContent): readonly RecordChange[] => {
  const content = { remoteKey, size: sizeOfLegacyMeta(meta), type: typeOfLegacyMeta(meta) }
  const row = {
    id,
    // livestore-filesync names a file by its hash, too: the app keeps the names that people see.
    name: addressOfKey(remoteKey),
    ...content,
    bucket: LEGACY_BUCKET,
    meta,
    remoteUrl,
    version: opId,
    createdAt: at,
    updatedAt: at,
    deletedAt: null,
  }
  return [
    { table: 'files', row },
    { table: 'versions', row: { id: opId, fileId: id, ...content, at, conflict: false } },
  ]
}

/**
 * The update after an upload has the content that the file has already, and may come after a newer client has replaced the
 * legacy key: it only says where the content is. Any other content is an edit by someone who has not seen that replacement.
 */
const updated = (state: RecordState, opId: string, args: LegacyContent): readonly RecordChange[] => {
  const { id, remoteKey, remoteUrl, at } = args
  const file = state.file(id)
  if (!file) return []
  const meta = args.meta ?? file.meta
  const isSameContent = addressOfKey(remoteKey) === addressOfKey(file.remoteKey)
  if (isSameContent) return [{ table: 'files', row: { ...file, meta, remoteUrl, updatedAt: at } }]
  const content = { remoteKey, size: sizeOfLegacyMeta(args.meta), type: typeOfLegacyMeta(args.meta) }
  const former = state.version(file.version)
  const row = {
    ...file,
    ...content,
    name: file.name === addressOfKey(file.remoteKey) ? addressOfKey(remoteKey) : file.name,
    bucket: LEGACY_BUCKET,
    meta,
    remoteUrl,
    version: opId,
    updatedAt: at,
  }
  return [
    { table: 'files', row },
    { table: 'versions', row: { id: opId, fileId: id, ...content, at, conflict: false } },
    ...(former && !isLegacyKey(file.remoteKey)
      ? [{ table: 'versions', row: { ...former, conflict: true } } as const]
      : []),
  ]
}

/** An old client says that it uploaded the content: a claim, as any that comes without a receipt. */
const stored = (state: RecordState, { remoteKey, stored: isStored }: LegacyContent): readonly RecordChange[] => {
  const before = state.remoteContent(remoteKey)
  if (!isStored || before?.stored) return []
  const seenAt = before?.seenAt ?? null
  return [
    { table: 'remoteContents', row: { remoteKey, stored: true, proved: false, seenAt, etag: null, versionId: null } },
  ]
}
