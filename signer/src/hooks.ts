/** What an operator can listen to: events, the audit of decisions, one line a request. */
import type { RemoteKey } from '@rockpool/protocol'
import type { Decision } from './access.ts'

/**
 * Something that happened to an object, told to whoever keeps a count or an index of them.
 *
 * `object.created` is told of what passes the signer: a complete of an upload in parts, at least once and again when the
 * client asks again, and a PUT that the signer serves (`local`, `hybrid`, the gateways). It is not told of a single PUT
 * (up to 8 MiB) straight to an S3 bucket: nobody asks the signer afterwards. Listen to the S3 bucket's own notifications
 * for those. In `hybrid`, it says that the folder has the object; S3 follows.
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
