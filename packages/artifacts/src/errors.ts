/** The closed set of errors that this package throws. */

export type ArtifactErrorCode =
  /** a variable is missing or wrong */
  | 'bad_settings'
  /** a request id, stage, name or key outside the grammar */
  | 'bad_key'
  /** what was passed is no reference, or one whose fields contradict each other */
  | 'bad_reference'
  /** the reference names an S3 bucket that this client does not use */
  | 'other_bucket'
  /** an option or a value that cannot be stored */
  | 'bad_argument'
  /** there is no object of this key */
  | 'not_found'
  /** the artifact exists and has other bytes */
  | 'already_exists'
  /** `state.json` is no longer the one that was read */
  | 'changed'
  /** the bytes are not those of the reference */
  | 'digest_mismatch'
  /** `state.json` or a log is not JSON */
  | 'malformed'
  /** the credentials or the token are refused, or give no right there */
  | 'forbidden'
  /** the S3 bucket does not exist */
  | 'no_bucket'
  /** the store cannot be reached, is too slow or says 503, after all attempts */
  | 'unavailable'
  /** over 78 GiB */
  | 'too_large'
  /** the source of the bytes failed while it was read */
  | 'source_failed'
  /** the caller's AbortSignal fired */
  | 'aborted'

/** Every error of this package: a code for programs, a sentence that says what to do, and the cause. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError'
  readonly code: ArtifactErrorCode
  /** of `changed`: an earlier attempt of the same call got no clear response, and may have made the change */
  readonly mayBeOwn: boolean

  constructor(
    code: ArtifactErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly mayBeOwn?: boolean } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.mayBeOwn = options.mayBeOwn ?? false
  }
}

/** Whether `error` is an {@link ArtifactError}, optionally with one of `codes`. Safe across bundles (no instanceof). */
export const isArtifactError = (error: unknown, ...codes: ArtifactErrorCode[]): error is ArtifactError =>
  error instanceof Error &&
  error.name === 'ArtifactError' &&
  (codes.length === 0 || codes.includes((error as ArtifactError).code))
