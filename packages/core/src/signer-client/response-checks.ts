/** Whether an answer has what its caller reads. By hand: schemas would bring Effect into the service worker. */
import {
  type DownloadUrl,
  type MultipartParts,
  type MultipartUpload,
  type SignedParts,
  type SignedRequest,
  type Stored,
  type StoredContent,
  type UploadUrl,
  type UploadUrls,
  WIRE_ERRORS,
  type WireErrorResponse,
} from '@rockpool/protocol'

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => Number.isFinite(value)
const isOptionalBoolean = (value: unknown): boolean => value === undefined || typeof value === 'boolean'
const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string'

const isSignedRequest = (answer: Fields): answer is Fields & SignedRequest =>
  typeof answer.url === 'string' &&
  isFields(answer.headers) &&
  Object.values(answer.headers).every((value) => typeof value === 'string')

const isStored = (answer: Fields): answer is Fields & Stored => answer.status === 'stored' && isStoredContent(answer)

export const isNothing = (answer: unknown): answer is undefined => answer === undefined

export const isStoredContent = (answer: unknown): answer is StoredContent =>
  isFields(answer) &&
  typeof answer.durable === 'boolean' &&
  isOptionalText(answer.etag) &&
  isOptionalText(answer.versionId) &&
  isOptionalText(answer.receipt)

export const isDownloadUrl = (answer: unknown): answer is DownloadUrl =>
  isFields(answer) &&
  typeof answer.url === 'string' &&
  isOptionalText(answer.partsUrl) &&
  isNumber(answer.expiresAt) &&
  isOptionalText(answer.receipt)

export const isUploadUrl = (answer: unknown): answer is UploadUrl =>
  isFields(answer) &&
  (isStored(answer) ||
    (answer.status === 'put' &&
      isSignedRequest(answer) &&
      isNumber(answer.expiresAt) &&
      isOptionalBoolean(answer.confirm)))

/** One answer for each of `count` items. */
export const isUploadUrls =
  (count: number) =>
  (answer: unknown): answer is UploadUrls =>
    isFields(answer) &&
    Array.isArray(answer.items) &&
    answer.items.length === count &&
    answer.items.every((item) => isUploadUrl(item) || isWireError(item))

const isWireError = (answer: unknown): answer is WireErrorResponse =>
  isFields(answer) &&
  isFields(answer.error) &&
  typeof answer.error.message === 'string' &&
  typeof answer.error.code === 'string' &&
  Object.hasOwn(WIRE_ERRORS, answer.error.code)

export const isMultipartUpload = (answer: unknown): answer is MultipartUpload =>
  isFields(answer) &&
  (isStored(answer) ||
    (typeof answer.uploadId === 'string' &&
      isNumber(answer.partSize) &&
      Array.isArray(answer.uploaded) &&
      answer.uploaded.every((number) => isNumber(number))))

export const isMultipartParts = (answer: unknown): answer is MultipartParts =>
  isSignedParts(answer) || (isFields(answer) && answer.status === 'digests_needed')

export const isSignedParts = (answer: unknown): answer is SignedParts =>
  isFields(answer) &&
  isNumber(answer.expiresAt) &&
  Array.isArray(answer.parts) &&
  answer.parts.every((part) => isFields(part) && isNumber(part.number) && isSignedRequest(part))
