/** Dependencies of the signer's calls. */
import type { ObjectStore } from '@rockpool/object-store'
import type { Hashing, RemoteKey } from '@rockpool/protocol'
import type { requestSchemas } from '@rockpool/protocol/schema'
import type { Access } from './access.ts'
import type { DigestLists } from './digest-lists.ts'
import type { BufferBody } from './body-buffers.ts'
import type { Caller, ResolvedKey } from './rights.ts'
import type { SignerEvent } from './hooks.ts'

export interface SignerServices {
  readonly store: ObjectStore
  readonly access: Access
  readonly hashing: Hashing
  /** unix ms */
  readonly now: () => number
  /** the requests that depend on the part size */
  readonly requests: ReturnType<typeof requestSchemas>
  /** largest lifetime of a presigned GET, in seconds */
  readonly longestShare: number
  /** base URL of a CDN over public buckets, without a slash at its end */
  readonly cdnBaseUrl: string | undefined
  readonly digestLists: DigestLists
  readonly bufferBody: BufferBody
  /**
   * Clients confirm single PUTs: for the receipt or, when the PUT went straight to S3, for `object.created`.
   */
  readonly confirmUploads: boolean
  /** The receipt of content that the object store has now, for a response; empty without a receipt secret. */
  readonly receiptOf: (key: RemoteKey, size: number) => Promise<{ readonly receipt?: string }>
  readonly emit: (event: SignerEvent) => void
  /** @throws RockpoolError `quota_exceeded` when there is no room for the upload */
  readonly requireRoom: (caller: Caller, key: ResolvedKey, size: number) => Promise<void>
}
