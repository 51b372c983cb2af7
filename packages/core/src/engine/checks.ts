/** What a file must be before anything is written. Pure; each check gives the error, or undefined. */
import {
  type Buckets,
  isMediaType,
  MAX_CONTENT_SIZE,
  type Right,
  RockpoolError,
  type StoreId,
  type TokenClaims,
  tooLarge,
  typeAllowed,
} from '@rockpool/protocol'
import type { FileMeta } from '../records/events.ts'

/** Bytes of UTF-8 that the common file systems take in a name. */
export const MAX_NAME_BYTES = 255

/** Metadata travels to every device and never leaves the log: small. */
export const MAX_META_BYTES = 8 * 1024

export interface NewFile {
  readonly name: string
  readonly type: string
  readonly bucket: string
  readonly meta: FileMeta
  /** bytes; undefined for a stream of unknown length */
  readonly size: number | undefined
}

export const checkFile = (file: NewFile, buckets: Buckets): RockpoolError | undefined =>
  checkName(file.name) ?? checkMeta(file.meta) ?? checkContent(file, buckets)

/** Type and size by the rules of the bucket. */
export const checkContent = (
  { type, bucket, size }: Pick<NewFile, 'type' | 'bucket' | 'size'>,
  buckets: Buckets,
): RockpoolError | undefined => {
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
            : new TextEncoder().encode(name).length > MAX_NAME_BYTES
              ? `is longer than ${MAX_NAME_BYTES} bytes`
              : undefined
  return wrong === undefined
    ? undefined
    : new RockpoolError('bad_name', `The name "${name.slice(0, 40)}" ${wrong}. Pass another one as the option name.`)
}

export const checkMeta = (meta: FileMeta): RockpoolError | undefined => {
  let text: string | undefined
  try {
    text = JSON.stringify(meta)
  } catch (cause) {
    return new RockpoolError('bad_meta', 'Metadata must be a JSON object: no cycles, no bigint.', { cause })
  }
  if (text === undefined || !text.startsWith('{'))
    return new RockpoolError('bad_meta', 'Metadata must be a JSON object.')
  const bytes = new TextEncoder().encode(text).length
  return bytes > MAX_META_BYTES
    ? new RockpoolError(
        'bad_meta',
        `Metadata can have at most ${MAX_META_BYTES} bytes as JSON; this has ${bytes}. Put the rest into a file.`,
      )
    : undefined
}

/** Refused here, before the log has it: a LiveStore client whose push is refused stops syncing (docs of packages/livestore). */
export const checkRight = (
  claims: TokenClaims | undefined,
  storeId: StoreId,
  right: Right,
): RockpoolError | undefined =>
  claims === undefined || claims.stores[storeId]?.includes(right)
    ? undefined
    : new RockpoolError(
        'forbidden',
        `Your token does not give the right to ${right} in the store "${storeId}". Ask its owner for it.`,
      )
