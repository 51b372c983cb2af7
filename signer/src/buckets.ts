/** Buckets: which exist, and what each takes. Only configured ones exist. */
import { type BucketRules, type Buckets, isBucketName, MAX_CONTENT_SIZE, typeAllowed } from '@rockpool/protocol'
import { refusal } from './errors.ts'

/** The rules of a bucket, if it is configured. Names come from outside: inherited properties are no buckets. */
export const bucketRules = (buckets: Buckets, name: string): BucketRules | undefined =>
  Object.hasOwn(buckets, name) ? buckets[name] : undefined

/**
 * Refuses what a bucket does not take, before any write.
 *
 * @throws RockpoolError `too_large`, `type_not_allowed`
 */
export const checkContent = (
  name: string,
  rules: BucketRules,
  content: { readonly size: number; readonly type: string },
): void => {
  const limit = rules.maxSize ?? MAX_CONTENT_SIZE
  if (content.size > limit) {
    throw refusal(
      'too_large',
      `The bucket "${name}" takes files of at most ${limit} bytes, this one has ${content.size}.`,
    )
  }
  if (!typeAllowed(content.type, rules.types)) {
    throw refusal('type_not_allowed', `The bucket "${name}" takes ${rules.types?.join(', ')} only.`)
  }
}

const TYPE_PATTERN = /^[a-z0-9!#$&^_.+-]+\/(?:\*|[a-z0-9!#$&^_.+-]+)$/i

/** What is wrong with a bucket configuration, in one line, else undefined. */
export const bucketsProblem = (buckets: Buckets): string | undefined => {
  const names = Object.keys(buckets)
  if (names.length === 0) return 'No bucket is configured.'
  for (const name of names) {
    const { access, types, maxSize } = buckets[name]!
    if (!isBucketName(name)) return `The bucket name "${name}" needs 1 to 128 letters, digits, "_" or "-".`
    if (!['public', 'store', 'owner'].includes(access))
      return `The access of bucket "${name}" is "public", "store" or "owner".`
    if (types !== undefined && (types.length === 0 || !types.every((type) => TYPE_PATTERN.test(type)))) {
      return `The types of bucket "${name}" are media types such as "image/*" or "image/png".`
    }
    if (maxSize !== undefined && !(Number.isSafeInteger(maxSize) && maxSize >= 0)) {
      return `The maxSize of bucket "${name}" is a number of bytes.`
    }
  }
  return undefined
}
