/** What every call of the signer works with. */
import type { ObjectStore } from '@rockpool/object-store'
import type { Access } from './access.ts'
import type { DigestLists } from './digest-lists.ts'
import type { HoldBody } from './held-bodies.ts'
import type { SignerEvent } from './hooks.ts'

export interface SignerServices {
  readonly store: ObjectStore
  readonly access: Access
  /** seconds that a presigned GET may be asked for at most */
  readonly longestShare: number
  /** base URL of a CDN over public buckets, without a slash at its end */
  readonly cdnBaseUrl: string | undefined
  readonly digestLists: DigestLists
  readonly holdBody: HoldBody
  /** clients confirm single PUTs that go past the signer, so that `object.created` is told of those too */
  readonly confirmUploads: boolean
  readonly happened: (event: SignerEvent) => void
}
