/**
 * What the backend said when it did not take a push.
 *
 * LiveStore knows no refusal: what `onPush` throws crosses the wire as an `UnknownError` whose cause is a plain `Error` with
 * the same message. A connection that breaks under the push is an `UnknownError` too, but its cause is a tagged error of this
 * side (`RpcClientError`).
 */
import type { BackendIdMismatchError, IsOfflineError, ServerAheadError, UnknownError } from '@livestore/common'

export type PushError = BackendIdMismatchError | IsOfflineError | ServerAheadError | UnknownError

/** The backend's own words, a failure of its own included; undefined when it said nothing against the events. */
export const refusalOf = (error: PushError): string | undefined =>
  error._tag === 'UnknownError' && error.cause instanceof Error && !('_tag' in error.cause)
    ? error.cause.message
    : undefined
