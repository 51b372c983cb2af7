/** The path of a file inside its bucket, by which the REST API serves it. Pure. */
import { RockpoolError } from '@rockpool/protocol'

/** Bytes of UTF-8: S3 takes as many in a key. */
export const MAX_PATH_BYTES = 1_024

/** Controls, line separators, bidirectional overrides, byte order mark, and the backslash, which a URL turns into a slash. */
const NOT_IN_PATHS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\\]/u

/** Whether `value` is a path that every device and every URL keeps as it is. */
export const isPath = (value: unknown): value is string => typeof value === 'string' && problemOf(value) === undefined

/** The error says what is wrong with the path. */
export const checkPath = (path: string): RockpoolError | undefined => {
  const problem = problemOf(path)
  return problem === undefined
    ? undefined
    : new RockpoolError('bad_path', `The path "${path.slice(0, 40)}" ${problem}. Pass one such as "fish/reef.jpg".`)
}

const problemOf = (path: string): string | undefined => {
  // Before all else: a path of 1 MiB must cost nothing.
  if (path.length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  if (!path.isWellFormed()) return 'is not well-formed Unicode'
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  if (path.normalize('NFC') !== path) return 'is not in the Unicode form NFC'
  if (NOT_IN_PATHS.test(path)) return 'has a backslash or a control character'
  const segments = path.split('/')
  if (segments.includes('')) return 'has an empty segment'
  if (segments.includes('.') || segments.includes('..')) return 'has a segment "." or ".."'
  return undefined
}
