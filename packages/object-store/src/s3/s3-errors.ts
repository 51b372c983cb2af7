/** Maps errors of S3 and its SDK to errors of the store. */
import { ObjectStoreError, type ObjectStoreErrorCode } from '../errors.ts'

/** S3's error codes, the same for every vendor that we know. */
const BY_NAME: Readonly<Record<string, readonly [ObjectStoreErrorCode, string]>> = {
  NoSuchKey: ['not_found', 'There is no object of this key.'],
  NotFound: ['not_found', 'There is no object of this key.'],
  NoSuchUpload: ['upload_not_found', 'There is no such upload of this key. Start a new one.'],
  NoSuchBucket: ['misconfigured', 'The S3 bucket does not exist. Create it, or correct its name.'],
  PreconditionFailed: ['precondition_failed', 'The object is there already, or has changed. Read it again.'],
  ConditionalRequestConflict: ['conflict', 'Another writer changed the object at the same time. Try again.'],
  OperationAborted: ['conflict', 'Another writer changed the object at the same time. Try again.'],
  InvalidPart: ['conflict', 'A part is not there as given. List the parts again.'],
  InvalidPartOrder: ['conflict', 'A part is not there as given. List the parts again.'],
  EntityTooSmall: ['conflict', 'A part other than the last is under 5 MiB.'],
  EntityTooLarge: ['too_large', 'The store takes no object of this size.'],
  InvalidRange: ['range_not_satisfiable', 'The object has none of that range.'],
  BadDigest: ['digest_mismatch', 'The body is not the one whose SHA-256 was announced.'],
  InvalidDigest: ['digest_mismatch', 'The body is not the one whose SHA-256 was announced.'],
  XAmzContentSHA256Mismatch: ['digest_mismatch', 'The body is not the one whose SHA-256 was announced.'],
  XAmzContentChecksumMismatch: ['digest_mismatch', 'The body is not the one whose SHA-256 was announced.'],
  IncompleteBody: ['bad_request', 'The body is shorter than announced.'],
  QuotaExceeded: ['no_space', 'The quota of the S3 bucket is full. Make room.'],
  CredentialsProviderError: ['denied', 'No S3 credentials were found. Set keys, or give this machine a role.'],
  RequestTimeTooSkewed: ['denied', 'The clock of this machine is wrong. Set it.'],
}

/** Errors without a body (HEAD) have only a status. */
const BY_STATUS: Readonly<Record<number, string>> = {
  403: 'AccessDenied',
  404: 'NotFound',
  409: 'OperationAborted',
  412: 'PreconditionFailed',
  413: 'EntityTooLarge',
  416: 'InvalidRange',
}

/** @param server which S3, for the operator: such as `S3 at https://s3.example` */
export const asStoreError = (error: unknown, server = 'S3'): ObjectStoreError => {
  if (error instanceof ObjectStoreError) return error
  const { name, $metadata, $response } = error as {
    readonly name?: string
    readonly $metadata?: { readonly httpStatusCode?: number }
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  }
  const status = $metadata?.httpStatusCode
  const known = BY_NAME[name ?? ''] ?? BY_NAME[BY_STATUS[status ?? 0] ?? '']
  if (known) return new ObjectStoreError(known[0], known[1], { cause: error })
  if (status === 401 || status === 403) {
    return new ObjectStoreError('denied', 'S3 refused the credentials. Check keys and rights.', { cause: error })
  }
  if (status === 400) return new ObjectStoreError('bad_request', `S3 refused the request (${name}).`, { cause: error })
  const seconds = Number($response?.headers?.['retry-after'] ?? Number.NaN)
  const what =
    status === undefined
      ? `cannot be reached (${causeOf(error)}). Check that it runs, and its endpoint.`
      : `fails (${status} ${name ?? 'unknown'}). Try again.`
  return new ObjectStoreError('unavailable', `${server} ${what}`, {
    cause: error,
    retryAfterMs: seconds >= 0 ? seconds * 1000 : undefined,
  })
}

/** The code of the system, such as ECONNREFUSED, which the SDK wraps; else the name of the error. */
const causeOf = (error: unknown): string => {
  let name = 'unknown'
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    if (code) return code
    if (at.name !== 'Error') name = at.name
  }
  return name
}
