/** Keys of objects: what every adapter can keep, on every file system and vendor. */
import { ObjectStoreError } from './errors.ts'

/** S3's limit on a key, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 1024

/** The object that identifies an S3 bucket (s3/bucket-id.ts). In no store: `identity` is no content address. */
export const BUCKET_ID_KEY = 'hybrid/identity'

/** C0 and C1 controls, delete, line and paragraph separators, bidirectional overrides, byte order mark. */
const FORBIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u

/**
 * The key as it is stored (NFC), or the reason why it cannot be one: empty, over 1,024 bytes, unpaired surrogates,
 * control characters, backslashes, empty segments, or segments `.` and `..`.
 *
 * @throws ObjectStoreError `bad_key`
 */
export const sanitizeKey = (key: string): string => {
  const problem = problemOf(key)
  if (problem !== undefined) throw new ObjectStoreError('bad_key', `The key ${problem}. Give a key such as "a/b/c".`)
  return key.normalize('NFC')
}

const problemOf = (key: string): string | undefined => {
  if (typeof key !== 'string' || key === '') return 'is empty'
  // Before normalizing: a key of 1 MiB must cost nothing.
  if (key.length > MAX_KEY_BYTES) return `has more than ${MAX_KEY_BYTES} bytes`
  if (!key.isWellFormed()) return 'is not well-formed Unicode'
  const normal = key.normalize('NFC')
  if (new TextEncoder().encode(normal).length > MAX_KEY_BYTES) return `has more than ${MAX_KEY_BYTES} bytes`
  if (FORBIDDEN.test(normal)) return 'has control characters'
  if (normal.includes('\\')) return 'has a backslash'
  const segments = normal.split('/')
  if (segments.includes('')) return 'has an empty segment'
  if (segments.includes('.') || segments.includes('..')) return 'has a dot segment'
  return undefined
}

/**
 * A prefix to list by: '' or the beginning of keys; it may end in a slash or inside a segment.
 *
 * @throws ObjectStoreError `bad_key`
 */
export const sanitizePrefix = (prefix: string): string => {
  if (prefix === '') return ''
  return prefix.endsWith('/') ? `${sanitizeKey(prefix.slice(0, -1))}/` : sanitizeKey(prefix)
}
