/** What S3 answers when it refuses, in this package's errors. */
import { ArtifactError, type ArtifactErrorCode } from '../errors.ts'
import type { HttpResponse } from '../transport/transport.ts'
import { type Reply, textOfBody } from './send.ts'
import { textOf } from './xml.ts'

type Problem = readonly [ArtifactErrorCode, string]

const NO_RIGHT: Problem = [
  'forbidden',
  'S3 refused the credentials. Check ARTIFACT_ACCESS_KEY and ARTIFACT_SECRET_KEY, and their rights in the bucket.',
]
const NO_OBJECT: Problem = [
  'not_found',
  'The object does not exist. It was never written, or was removed by age; run the stage that writes it again.',
]
const CHANGED: Problem = ['changed', 'The object is there already, or has changed since it was read. Read it again.']
const DIFFERENT: Problem = ['digest_mismatch', 'Other bytes than those that were sent arrived at S3. Try again.']

/** The codes of S3's error documents, the same at every vendor that we know. */
const BY_CODE: Readonly<Record<string, Problem>> = {
  NoSuchKey: NO_OBJECT,
  NoSuchUpload: ['unavailable', 'S3 has discarded the upload. Write the artifact again.'],
  PreconditionFailed: CHANGED,
  ConditionalRequestConflict: CHANGED,
  BadDigest: DIFFERENT,
  XAmzContentSHA256Mismatch: DIFFERENT,
  EntityTooLarge: ['too_large', 'S3 takes no object of this size. Split the artifact.'],
  AuthorizationHeaderMalformed: ['bad_settings', 'The S3 bucket is in another region. Correct ARTIFACT_REGION.'],
  PermanentRedirect: [
    'bad_settings',
    'The S3 bucket is at another endpoint. Correct ARTIFACT_ENDPOINT and ARTIFACT_REGION.',
  ],
  RequestTimeTooSkewed: ['forbidden', 'The clock of this machine is wrong. Set it.'],
  SignatureDoesNotMatch: ['forbidden', 'S3 refused the signature. Check ARTIFACT_SECRET_KEY.'],
  InvalidAccessKeyId: ['forbidden', 'S3 does not know the access key. Check ARTIFACT_ACCESS_KEY.'],
}

/** The codes after which the same call may succeed, also where the status is 200. */
const TRANSIENT_CODES = new Set([
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
])

export const isTransientCode = (code: string | undefined): boolean => code !== undefined && TRANSIENT_CODES.has(code)

/** The code of an error document; undefined when the body is none. */
export const codeOf = (response: HttpResponse): string | undefined => textOf(textOfBody(response), 'Code')

/** Replies to HEAD have only a status. */
const BY_STATUS: Readonly<Record<number, Problem>> = {
  301: BY_CODE.PermanentRedirect!,
  307: BY_CODE.PermanentRedirect!,
  401: NO_RIGHT,
  403: NO_RIGHT,
  404: NO_OBJECT,
  412: CHANGED,
}

export const errorOf = (reply: Reply, bucket: string): ArtifactError => {
  const { status, isRepeated } = reply
  const code = codeOf(reply)
  const cause = new Error(`S3 responded ${status}${code === undefined ? '' : ` ${code}`}`)
  if (code === 'NoSuchBucket') {
    return new ArtifactError(
      'no_bucket',
      `The S3 bucket "${bucket}" does not exist. Create it, or correct ARTIFACT_BUCKET.`,
      { cause },
    )
  }
  const problem = BY_CODE[code ?? ''] ?? BY_STATUS[status]
  if (problem) return new ArtifactError(problem[0], problem[1], { cause, mayBeOwn: isRepeated })
  return new ArtifactError(
    'unavailable',
    `S3 responded ${status}${code === undefined ? '' : ` (${code})`} to every attempt. Try again later.`,
    { cause },
  )
}
