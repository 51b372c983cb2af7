import type { Owner, RemoteKey } from '@rockpool/protocol'
import type { FileMeta } from './events.ts'

/** A synced file: small, mutable, versioned. `remoteKey` names its content. */
export interface FileRecord {
  readonly id: string
  readonly name: string
  /** media type */
  readonly type: string
  /** bytes; of content with a legacy key what its metadata says, or 0 */
  readonly size: number
  readonly remoteKey: RemoteKey
  readonly bucket: string
  /** Segment of the user who added the file (`ownerOf(sub)`); none when that user was unknown. */
  readonly owner?: Owner
  /** Where the file is inside its bucket, `fish/reef.jpg`; fixed when the file is added. Other files may have the same one. */
  readonly path?: string
  readonly meta: FileMeta
  /** Where livestore-filesync keeps the content, as its last event says, in any form; '' before its upload. Only of its files. */
  readonly remoteUrl?: string
  /** opId of the event that brought the current content */
  readonly version: string
  /** unix ms */
  readonly createdAt: number
  /** unix ms */
  readonly updatedAt: number
  /** unix ms; null while the file is live */
  readonly deletedAt: number | null
}

/** A version of a file's content, the current one included. */
export interface FileVersion {
  /** opId of the event that brought it */
  readonly id: string
  readonly fileId: string
  readonly remoteKey: RemoteKey
  readonly size: number
  readonly type: string
  /** unix ms */
  readonly at: number
  /** whether it was replaced by someone who had not seen it */
  readonly conflict: boolean
}

/** What the log says about content in object storage. */
export interface RemoteContent {
  readonly remoteKey: RemoteKey
  /** true after ContentStored, false after ContentLost */
  readonly stored: boolean
  /** With a receipt of the signer; implies `stored`. Otherwise only a claim, which decides nothing about bytes and uploads. */
  readonly proved: boolean
  /** when the signer saw the content, by the newest receipt in the log, in unix ms; kept when the content is lost */
  readonly seenAt: number | null
  readonly etag: string | null
  readonly versionId: string | null
}
