/**
 * What the index knows of a content on this disk. Only what this device has found out itself goes in here: the event log is
 * written by others, and no decision about bytes may rest on it.
 */
import { addressOfKey, type ContentDigest, type RemoteKey } from '@rockpool/protocol'
import { change, type ContentRow, type IndexChange } from '../../ports/index-port.ts'

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
