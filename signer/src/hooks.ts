/** Hooks for the operator: events, audit of decisions, one line per request. */
import type { RemoteKey } from '@rockpool/protocol'
import type { Decision } from './access.ts'
import type { Caller, ResolvedKey } from './rights.ts'

/**
 * An event of an object, for external counts and indexes.
 *
 * `object.created` is emitted for each object, and again when its client repeats the call: count keys, not events. It is
 * emitted when the client completes an upload in parts; when the signer has served a single PUT; and when the client confirms
 * a single PUT straight to S3 (`confirmUploads`), which is never if the client does not. `sub` is the user who put,
 * completed or confirmed it. In `hybrid` it means that the folder has the object; S3 may not have it yet.
 *
 * `object.deleted` is emitted for explicit purges, not for garbage collection.
 */
export type SignerEvent =
  | {
      readonly type: 'object.created'
      readonly key: RemoteKey
      readonly storeId: string
      /** bytes */
      readonly size: number
      /** undefined: by a signed URL, which names no user */
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

/** One request, after its response was made. Never holds a token or a signed URL. */
export interface RequestLine {
  readonly requestId: string
  readonly method: string
  /** the route's pattern, such as `/objects/*`; never the path */
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly sub?: string
  readonly storeId?: string
  /** the cause, for the operator; for 5xx only */
  readonly error?: string
}

/** Errors of hooks are ignored: they fail no request. */
export interface SignerHooks {
  readonly onRequest?: (line: RequestLine) => void
  readonly onDecision?: (decision: Decision) => void
  readonly onEvent?: (event: SignerEvent) => void
}

/** Calls a hook and ignores its errors. */
export const callHook = <A>(hook: ((argument: A) => void) | undefined, argument: A): void => {
  try {
    hook?.(argument)
  } catch {
    // see SignerHooks
  }
}
