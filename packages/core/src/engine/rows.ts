/**
 * Index rows of content on this disk, as pages and the service worker write them. They hold only what this device has
 * verified itself: others write the event log, so decisions about bytes must not depend on it.
 */
import { addressOfKey, type ContentDigest, OCTET_STREAM, type RemoteKey } from '@rockpool/protocol'
import {
  change,
  type ContentRow,
  decision,
  type IndexChange,
  type IndexDecision,
  put,
  remove,
} from '../ports/local-index.ts'
import { neededRow, transferId } from './transfers/transfer-row.ts'

export interface KnownContent {
  /** kept on this device for offline use */
  readonly pinned?: boolean
  /** media type that this device adds the content with */
  readonly type?: string
  /** object storage has the content under this key */
  readonly storedAs?: RemoteKey | undefined
}

/** Records content that is complete on this disk. Merges into an existing row. */
export const contentRow = (
  content: ContentDigest,
  at: number,
  { pinned = false, type, storedAs }: KnownContent = {},
): IndexChange =>
  change('contents', content.address, (row) => {
    const known: ContentRow = row ?? { ...content, writtenAt: at, pinned: false }
    const kept = { ...known, ...(pinned && { pinned }), ...(type !== undefined && { type }) }
    return storedAs === undefined ? kept : withKey(kept, storedAs)
  })

/** Records a completed download, and removes its queued transfer. */
export const downloadedRows = (
  key: RemoteKey,
  { content, source }: { readonly content: ContentDigest; readonly source: 'disk' | 'remote' },
  at: number,
  { pinned = false }: Pick<KnownContent, 'pinned'> = {},
): readonly IndexChange[] => [
  contentRow(content, at, { pinned, storedAs: source === 'remote' ? key : undefined }),
  remove('transfers', transferId('download', key)),
]

/** Queues the download of pinned content whose bytes on this disk are damaged or gone. */
export const refetchPinned = (key: RemoteKey, now: number): IndexDecision => {
  const [address, id] = [addressOfKey(key), transferId('download', key)]
  const reads = [{ table: 'contents', key: address } as const, { table: 'transfers', key: id } as const]
  return decision(reads, (rows) => {
    const content = rows.get('contents', address)
    if (!content?.pinned) return []
    const { size, type = OCTET_STREAM } = content
    return [put('transfers', neededRow('download', { remoteKey: key, size, type }, now, rows.get('transfers', id)))]
  })
}

/** Records that object storage has the content under `key`: the signer confirmed it, or an upload of this device completed. */
export const storedAs = (key: RemoteKey): IndexChange =>
  change('contents', addressOfKey(key), (row) => row && withKey(row, key))

/** Reverts {@link storedAs}: the next upload checks with the signer. */
export const notStoredAs = (key: RemoteKey): IndexChange =>
  change(
    'contents',
    addressOfKey(key),
    (row) => row && { ...row, storedAs: (row.storedAs ?? []).filter((other) => other !== key) },
  )

/** Records a multipart upload that was started: an upload that is queued later resumes it. */
export const uploadStarted = (key: RemoteKey, uploadId: string): IndexChange =>
  change('contents', addressOfKey(key), (row) => row && { ...row, uploadIds: { ...row.uploadIds, [key]: uploadId } })

const withKey = (row: ContentRow, key: RemoteKey): ContentRow => {
  if (row.storedAs?.includes(key)) return row
  const { [key]: ended, ...uploadIds } = row.uploadIds ?? {}
  return { ...row, ...(ended === undefined ? {} : { uploadIds }), storedAs: [...(row.storedAs ?? []), key] }
}
