/** What every call of the signer works with. */
import type { ObjectStore } from '@rockpool/object-store'
import type { Hashing, RemoteKey } from '@rockpool/protocol'
import type { requestSchemas } from '@rockpool/protocol/schema'
import type { Access } from './access.ts'
import type { DigestLists } from './digest-lists.ts'
import type { HoldBody } from './held-bodies.ts'
import type { SignerEvent } from './hooks.ts'

export interface SignerServices {
  readonly store: ObjectStore
  readonly access: Access
  readonly hashing: Hashing
  /** unix ms */
  readonly now: () => number
  /** the requests that depend on the part size */
  readonly requests: ReturnType<typeof requestSchemas>
  /** seconds that a presigned GET may be asked for at most */
  readonly longestShare: number
  /** base URL of a CDN over public buckets, without a slash at its end */
  readonly cdnBaseUrl: string | undefined
  readonly digestLists: DigestLists
  readonly holdBody: HoldBody
  /**
   * Clients ask again after a single PUT: for the receipt or, when the PUT went past the signer, for `object.created`.
   */
  readonly confirmUploads: boolean
  /** The receipt of content that the object store has now, for the answer that says so; empty without a receipt secret. */
  readonly receiptOf: (key: RemoteKey, size: number) => Promise<{ readonly receipt?: string }>
  readonly happened: (event: SignerEvent) => void
}
