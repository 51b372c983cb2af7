/**
 * Limits of a file's fields. The engine checks them before it writes, and the sync server checks the events of any client
 * with the same functions, so that it accepts whatever the engine writes. Pure; each check returns the error, or undefined.
 */
import { type Buckets, isMediaType, MAX_CONTENT_SIZE, RockpoolError, tooLarge, typeAllowed } from '@rockpool/protocol'
import type { FileMeta } from './events.ts'
import { isJsonDeeperThan } from './nesting.ts'
import { findNotJson } from './not-json.ts'

/** UTF-8 bytes of a name that common file systems allow. */
export const MAX_NAME_BYTES = 255

/** Metadata travels to every device and never leaves the log: small. */
export const MAX_META_BYTES = 8 * 1024

/** Nesting levels of objects and lists. JSON readers recurse, and deep values overflow their stack. */
export const MAX_META_LEVELS = 32

/** Characters of a file id and of an opId. The engine's own are UUIDs. */
export const MAX_ID_LENGTH = 128

/** Characters of an etag and of a version id. S3 limits the latter to 1,024 bytes. */
export const MAX_VERSION_ID_LENGTH = 1_024

/** 9999-12-31T23:59:59.999Z: later years do not have four digits, and few calendars show them. */
export const MAX_TIME = 253_402_300_799_999

/** Whether `at` is a time from 1970 to 9999, in ms. */
export const isTime = (at: number): boolean => Number.isSafeInteger(at) && at >= 0 && at <= MAX_TIME

/** Whether every database keeps the text: lone surrogates do not survive UTF-8, and some drivers end a text at NUL. */
export const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.length <= maxLength && value.isWellFormed() && !value.includes('\0')

export const isId = (value: unknown): value is string => isText(value, MAX_ID_LENGTH) && value !== ''

export interface ContentFields {
  /** media type */
  readonly type: string
  readonly bucket: string
  /** bytes; undefined for a stream of unknown length */
  readonly size: number | undefined
}

/** Type and size by the rules of the bucket. */
export const checkContent = ({ type, bucket, size }: ContentFields, buckets: Buckets): RockpoolError | undefined => {
  const rules = Object.hasOwn(buckets, bucket) ? buckets[bucket] : undefined
  if (!rules) {
    const names = Object.keys(buckets).join(', ')
    return new RockpoolError('unknown_bucket', `There is no bucket "${bucket}". Use one of: ${names}.`)
  }
  if (!isMediaType(type)) {
    return new RockpoolError(
      'bad_type',
      `"${type.slice(0, 100)}" is not a media type such as "image/png". Pass one as the option type.`,
    )
  }
  if (!typeAllowed(type, rules.types)) {
    return new RockpoolError(
      'type_not_allowed',
      `The bucket "${bucket}" takes ${rules.types?.join(', ')}, not ${type}.`,
    )
  }
  if (size !== undefined && size > MAX_CONTENT_SIZE) return tooLarge()
  if (size !== undefined && rules.maxSize !== undefined && size > rules.maxSize) {
    return new RockpoolError(
      'too_large',
      `The bucket "${bucket}" takes files of at most ${rules.maxSize} bytes; this one has ${size}.`,
    )
  }
  return undefined
}

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const NOT_IN_NAMES = /[/\\\u0000-\u001f\u007f]/

const encoder = new TextEncoder()

/** Whether the text has more than `limit` bytes of UTF-8. Encodes it only when its length does not decide. */
const exceeds = (text: string, limit: number): boolean => text.length * 3 > limit && encoder.encode(text).length > limit

export const checkName = (name: string): RockpoolError | undefined => {
  const wrong =
    name.trim() === ''
      ? 'is empty'
      : NOT_IN_NAMES.test(name)
        ? 'has a slash or a control character'
        : name === '.' || name === '..'
          ? 'means a folder'
          : !name.isWellFormed()
            ? 'is not well-formed Unicode'
            : exceeds(name, MAX_NAME_BYTES)
              ? `is longer than ${MAX_NAME_BYTES} bytes`
              : undefined
  return wrong === undefined
    ? undefined
    : new RockpoolError('bad_name', `The name "${name.slice(0, 40)}" ${wrong}. Pass another one as the option name.`)
}

const badMeta = (problem: string) => new RockpoolError('bad_meta', problem)
const tooDeep = () =>
  badMeta(`Metadata can have at most ${MAX_META_LEVELS} levels of objects and lists. Put the rest into a file.`)

/** Metadata must be plain JSON, so that every device reads back the same value. The error names the path. */
export const checkMeta = (meta: FileMeta): RockpoolError | undefined => {
  // Each value takes at least one byte of JSON.
  const wrong = findNotJson(meta, 'meta', { levels: MAX_META_LEVELS, values: MAX_META_BYTES })
  switch (wrong?.problem) {
    case undefined:
      return checkMetaJson(JSON.stringify(meta))
    case 'too_deep':
      return tooDeep()
    case 'too_many':
      return badMeta(`Metadata can have at most ${MAX_META_BYTES} bytes as JSON. Put the rest into a file.`)
    case 'not_json':
      return badMeta(`Metadata must be JSON: ${wrong!.path} is ${wrong!.what}. Pass text, numbers, lists or objects.`)
  }
}

/** @param json metadata as JSON text, as it is in events */
export const checkMetaJson = (json: string): RockpoolError | undefined => {
  if (!json.startsWith('{')) return badMeta('Metadata must be a JSON object.')
  if (exceeds(json, MAX_META_BYTES)) {
    const bytes = encoder.encode(json).length
    return badMeta(
      `Metadata can have at most ${MAX_META_BYTES} bytes as JSON; this has ${bytes}. Put the rest into a file.`,
    )
  }
  return isJsonDeeperThan(json, MAX_META_LEVELS) ? tooDeep() : undefined
}
