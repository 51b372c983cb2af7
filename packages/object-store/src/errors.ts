/** The closed set of errors that an object store throws, with the wire code of each. */
import { RockpoolError, type WireErrorCode } from '@rockpool/protocol'

/** Each code, with the wire code that the signer answers. */
export const WIRE_CODE = {
  /** a key that `sanitizeKey` refuses */
  bad_key: 'bad_key',
  /** wrong arguments, or a body shorter than announced */
  bad_request: 'bad_request',
  not_found: 'not_found',
  /** no such multipart upload, or it has been completed or aborted */
  upload_not_found: 'not_found',
  /** write-once: the key exists */
  precondition_failed: 'conflict',
  /** the parts differ from those given, or another writer was faster */
  conflict: 'conflict',
  /** the body is longer than announced, or over the store's limit */
  too_large: 'too_large',
  /** the body is not the one whose SHA-256 was announced */
  digest_mismatch: 'digest_mismatch',
  range_not_satisfiable: 'bad_request',
  /** the disk or the quota is full */
  no_space: 'storage_unavailable',
  /** the store cannot be reached or fails for now: try again */
  unavailable: 'storage_unavailable',
  /** the store refuses our credentials */
  denied: 'storage_unavailable',
  /** another process has the folder */
  locked: 'storage_unavailable',
  /** the store cannot enforce integrity, or its settings are wrong */
  misconfigured: 'storage_unavailable',
  /** the caller's AbortSignal fired: the client has gone, and the error must not count as a failure */
  aborted: 'bad_request',
} as const satisfies Record<string, WireErrorCode>

export type ObjectStoreErrorCode = keyof typeof WIRE_CODE

/** Every error of an object store: a code for programs, a sentence that says what to do, and the cause. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'
  readonly code: ObjectStoreErrorCode
  /** `unavailable`: when to try again, in ms from now, if the store said so */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ObjectStoreErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Whether `error` is an {@link ObjectStoreError}, optionally with one of `codes`. */
export const isObjectStoreError = (error: unknown, ...codes: ObjectStoreErrorCode[]): error is ObjectStoreError =>
  error instanceof Error &&
  error.name === 'ObjectStoreError' &&
  (codes.length === 0 || codes.includes((error as ObjectStoreError).code))

/** Public messages for errors whose own message may hold paths, endpoints or other tenants' names. */
const PUBLIC_MESSAGE: Partial<Record<ObjectStoreErrorCode, string>> = {
  no_space: 'The storage is full. Try again later.',
  unavailable: 'The storage cannot be reached. Try again later.',
  denied: 'The storage refused the server. Try again later.',
  locked: 'The storage is in use by another server. Try again later.',
  misconfigured: 'The storage is not set up correctly. Try again later.',
  aborted: 'The request was cancelled. Try again.',
}

/** The wire error for an error of the object store. Anything unknown becomes `storage_unavailable`. */
export const toWireError = (error: unknown): RockpoolError => {
  if (!isObjectStoreError(error)) {
    return new RockpoolError('storage_unavailable', PUBLIC_MESSAGE.unavailable!, { cause: error, retryAfterMs: 5000 })
  }
  const code = WIRE_CODE[error.code]
  return new RockpoolError(code, PUBLIC_MESSAGE[error.code] ?? error.message, {
    cause: error,
    ...(code === 'storage_unavailable' ? { retryAfterMs: error.retryAfterMs ?? 5000 } : {}),
  })
}
