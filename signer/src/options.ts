/** What a signer is made with. */
import type { Authenticate } from '@rockpool/access'
import type { ObjectStore } from '@rockpool/object-store'
import type { Buckets, BucketsOf, Hashing, QuotaUsage, RemoteKey } from '@rockpool/protocol'
import type { Authorize, HoldOf } from './access.ts'
import type { SignerHooks } from './hooks.ts'
import type { RateLimitRules } from './rate-limit.ts'

export interface SignerOptions {
  readonly store: ObjectStore
  /** who sent a token: {@link sharedSecretTokens}, {@link jwksTokens}, or a function of your own */
  readonly authenticate: Authenticate
  /** whether a content may be uploaded: the limit that it would break, and what to say; no limit unless set */
  readonly checkQuota?: CheckQuota
  /** replaces the rule that a token's `stores` claim decides */
  readonly authorize?: Authorize
  /** `{ files: { access: 'store' } }` when not given */
  readonly buckets?: Buckets | BucketsOf
  /** of contents in buckets that hold. Without it, buckets that hold are refused */
  readonly holdOf?: HoldOf
  /** the secret of a `local` or `hybrid` store's signed URLs: what the store was opened with */
  readonly urlSecret?: string
  /** where this signer is reached from outside; when not given, the address that a request arrived at (`RequestSource.origin`) */
  readonly publicBaseUrl?: string
  /**
   * Signed URLs are on the host that a request names in its Host header, which its sender chooses freely. For servers that check
   * it before, as Vite's does. Off unless set
   */
  readonly trustHost?: boolean
  /** exact origins of web pages that may call; the page's own origin needs no mention */
  readonly cors?: { readonly origins: readonly string[] }
  /** per user, and per address on public reads; `false`: none */
  readonly rateLimit?: RateLimitRules | false
  /** honour the claim `role: "service"`: every right in every store. Off unless set */
  readonly serviceRole?: boolean
  /** largest lifetime of a shared URL in seconds; 3,600 unless set */
  readonly longestShare?: number
  /** a CDN in front of the public buckets, on an origin that is not the app's */
  readonly cdnBaseUrl?: string
  /** serve the gateway contract of livestore-filesync under `/gateway`. Off unless set */
  readonly gateway?: boolean
  /** called for requests, decisions and objects */
  readonly hooks?: SignerHooks
  /**
   * Clients confirm single PUTs (up to 8 MiB) straight to an S3 bucket by one more small request each, so that
   * `object.created` is told of those, too. Unless set: on when `hooks.onEvent` is given
   */
  readonly confirmUploads?: boolean
  /**
   * Signs the receipts in answers that say that content is stored, for the sync server, which has the same secret; at least
   * 32 bytes. Clients confirm every single PUT then. No receipts unless set
   */
  readonly receiptSecret?: string | undefined
  /**
   * Bytes in one part; 8 MiB unless set. Clients and sync server need the same one, since content addresses depend on it.
   * S3 takes no parts below 5 MiB: smaller ones are for tests
   */
  readonly partSize?: number
  /** SHA-256; WebCrypto's unless set. A simulation gives one that its scheduler controls */
  readonly digest?: Hashing['digest']
  /** unix ms, for receipts and signed URLs: the clock of the store that signs them; the system's unless set */
  readonly now?: () => number
}

/** Whether a content may be uploaded. @returns undefined: there is room */
export type CheckQuota = (upload: {
  readonly storeId: string
  readonly sub: string
  readonly remoteKey: RemoteKey
  /** bytes */
  readonly size: number
}) => Promise<{ readonly usage: QuotaUsage; readonly message: string } | undefined>
