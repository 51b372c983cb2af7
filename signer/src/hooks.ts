/** What an operator can listen to: events, the audit of decisions, one line a request. */
import type { RemoteKey } from '@rockpool/protocol'
import type { Decision } from './access.ts'
import type { Caller, ResolvedKey } from './rights.ts'

/**
 * Something that happened to an object, told to whoever keeps a count or an index of them.
 *
 * `object.created` is told of each object, and again when its client asks again: count keys, not events. Of an upload in
 * parts it is told when the client completes it; of a single PUT when the signer has served it or, of one that went
 * straight to S3, when the client confirms it (`confirmUploads`): never, when the client does not. `sub` is whoever put,
 * completed or confirmed it. In `hybrid`, it says that the folder has the object; S3 follows.
 *
 * `object.deleted` is told of explicit purges, not of garbage collection.
 */
export type SignerEvent =
  | {
      readonly type: 'object.created'
      readonly key: RemoteKey
      readonly storeId: string
      /** bytes */
      readonly size: number
      /** undefined: by a signed URL, which does not say whose it is */
      readonly sub: string | undefined
    }
  | { readonly type: 'object.deleted'; readonly key: RemoteKey; readonly storeId: string; readonly sub: string }
  | ({ readonly type: 'access.denied' } & Decision)

/** The event of an object that `caller` has stored. */
export const created = ({ claims }: Caller, { key, storeId }: ResolvedKey, size: number): SignerEvent => ({
  type: 'object.created',
  key,
  storeId,
  size,
  sub: claims.sub,
})

/** One request, after its answer was made. Never holds a token or a signed URL. */
export interface RequestLine {
  readonly requestId: string
  readonly method: string
  /** the route's pattern, such as `/objects/*`; never the path */
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly sub?: string
  readonly storeId?: string
  /** what made it fail, for the operator; for 5xx only */
  readonly error?: string
}

/** A hook that throws is ignored: no request fails by it. */
export interface SignerHooks {
  readonly onRequest?: (line: RequestLine) => void
  readonly onDecision?: (decision: Decision) => void
  readonly onEvent?: (event: SignerEvent) => void
}

/** Calls a hook; what it throws is its own business. */
export const call = <A>(hook: ((argument: A) => void) | undefined, argument: A): void => {
  try {
    hook?.(argument)
  } catch {
    // see SignerHooks
  }
}
