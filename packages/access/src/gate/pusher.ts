/** Who pushes, by which rules. */
import type { Buckets, Hashing, Owner, StoreId, TokenClaims } from '@rockpool/protocol'

export interface Pusher {
  readonly claims: TokenClaims
  /** the owner segment of `claims.sub`, by `ownerOf` */
  readonly owner: Owner
  readonly storeId: StoreId
  readonly buckets: Buckets
  /** names of the app's own events; any name that is not reserved unless set */
  readonly eventNames?: ReadonlySet<string> | undefined
  /** how clients and signer cut content; parts of 8 MiB unless set */
  readonly hashing?: Pick<Hashing, 'partSize'> | undefined
}

/** An event as a client pushes it. */
export interface PushedEvent {
  readonly name: string
  readonly args?: unknown
  readonly clientId?: string
  readonly sessionId?: string
}
