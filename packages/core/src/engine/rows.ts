/**
 * What the index knows of a content on this disk, as pages and the service worker write it. Only what this device has found out
 * itself goes in here: the event log is written by others, and no decision about bytes may rest on it.
 */
import { addressOfKey, type ContentDigest, type RemoteKey } from '@rockpool/protocol'
import { change, type ContentRow, type IndexChange, remove } from '../ports/index-port.ts'
import { transferId } from './transfers/transfer-row.ts'

export interface KnownContent {
  /** kept on this device for offline use */
  readonly pinned?: boolean
  /** media type that this device adds the content with */
  readonly type?: string
  /** object storage has the content under this key */
  readonly storedAs?: RemoteKey | undefined
}

/** Notes a content that is whole on this disk. A row that is there already is kept, what is new is added. */
export const contentRow = (
  content: ContentDigest,
  at: number,
  { pinned = false, type, storedAs }: KnownContent = {},
): IndexChange =>
  change('contents', content.address, (row) => {
    const known: ContentRow = row ?? { ...content, writtenAt: at, lastUsedAt: at, pinned: false }
    const kept = { ...known, ...(pinned && { pinned }), ...(type !== undefined && { type }) }
    return storedAs === undefined ? kept : withKey(kept, storedAs)
  })

/** Notes a download that has ended: whoever waited to download the content need not. */
export const downloadedRows = (
  key: RemoteKey,
  { content, source }: { readonly content: ContentDigest; readonly source: 'disk' | 'remote' },
  at: number,
  { pinned = false }: Pick<KnownContent, 'pinned'> = {},
): readonly IndexChange[] => [
  contentRow(content, at, { pinned, storedAs: source === 'remote' ? key : undefined }),
  remove('transfers', transferId('download', key)),
]

/** Notes that object storage has the content under `key`: the signer said so, or an upload of this device completed. */
export const storedAs = (key: RemoteKey): IndexChange =>
  change('contents', addressOfKey(key), (row) => row && withKey(row, key))

/** Takes {@link storedAs} back: the next upload asks the signer. */
export const notStoredAs = (key: RemoteKey): IndexChange =>
  change(
    'contents',
    addressOfKey(key),
    (row) => row && { ...row, storedAs: (row.storedAs ?? []).filter((other) => other !== key) },
  )

/** Notes that a multipart upload was begun: an upload that is queued later continues with it. */
export const uploadStarted = (key: RemoteKey, uploadId: string): IndexChange =>
  change('contents', addressOfKey(key), (row) => row && { ...row, uploadIds: { ...row.uploadIds, [key]: uploadId } })

const withKey = (row: ContentRow, key: RemoteKey): ContentRow => {
  if (row.storedAs?.includes(key)) return row
  const { [key]: ended, ...uploadIds } = row.uploadIds ?? {}
  return { ...row, ...(ended === undefined ? {} : { uploadIds }), storedAs: [...(row.storedAs ?? []), key] }
}
