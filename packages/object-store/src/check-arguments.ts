/** Limits that hold for every adapter: those of S3. */
import { isMediaType } from '@rockpool/protocol'
import { ObjectStoreError } from './errors.ts'

/** Largest object of one put, and largest part: 5 GiB (S3 user guide, "Amazon S3 multipart upload limits"). */
export const MAX_PUT_SIZE = 5 * 1024 ** 3

/** S3's limit on parts in one upload. */
export const MAX_PART_NUMBER = 10_000

/** S3's limit on the life of a presigned URL, in seconds: 7 days. */
export const MAX_EXPIRES_IN = 604_800

/** S3's limit on keys in one page of a list. */
export const MAX_PAGE = 1000

const refuse = (message: string): never => {
  throw new ObjectStoreError('bad_request', message)
}

export const checkSize = (size: number): void => {
  if (!Number.isSafeInteger(size) || size < 0) refuse('The size must be a whole number of bytes, 0 or more.')
  if (size > MAX_PUT_SIZE) {
    throw new ObjectStoreError('too_large', 'One request carries at most 5 GiB. Send larger files in parts.')
  }
}

export const checkDigest = (sha256: Uint8Array): void => {
  if (sha256.length !== 32) refuse(`A SHA-256 digest has 32 bytes, not ${sha256.length}.`)
}

export const checkType = (type: string): void => {
  if (!isMediaType(type)) refuse('The type must be a media type such as "image/png".')
}

export const checkPartNumber = (number: number): void => {
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
    refuse(`A part number is a whole number from 1 to ${MAX_PART_NUMBER}.`)
  }
}

/**
 * @param etag of the object that is there, quoted; undefined: none
 * @throws ObjectStoreError `precondition_failed`
 */
export const checkPrecondition = (
  put: { readonly ifNoneMatch?: '*' | undefined; readonly ifMatch?: string | undefined },
  etag: string | undefined,
): void => {
  if (put.ifNoneMatch === '*' && etag !== undefined) {
    throw new ObjectStoreError('precondition_failed', 'There is an object of this key already.')
  }
  if (put.ifMatch !== undefined && put.ifMatch !== etag) {
    throw new ObjectStoreError('precondition_failed', 'The object has changed since its etag was read. Read it again.')
  }
}

export const checkExpiresIn = (seconds: number): void => {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_EXPIRES_IN) {
    refuse(`A signed URL lives 1 to ${MAX_EXPIRES_IN} whole seconds.`)
  }
}

/** @param before as in `DeleteOptions` @throws ObjectStoreError `unavailable` */
export const checkInTime = (before = Number.POSITIVE_INFINITY): void => {
  if (performance.now() >= before) throw tooLate()
}

export const tooLate = () =>
  new ObjectStoreError('unavailable', 'The delete missed its deadline. Nothing was deleted. Try again.')

export const checkLimit = (limit: number): void => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) refuse(`A page has 1 to ${MAX_PAGE} keys.`)
}
