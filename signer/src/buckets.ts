/** Buckets: which exist, and what each takes. Only configured ones exist. */
import { type BucketRules, type Buckets, MAX_CONTENT_SIZE, typeAllowed } from '@rockpool/protocol'
import { refusal } from './errors.ts'

/** The rules of a bucket, if it is configured. Names come from outside: inherited properties are no buckets. */
export const bucketRules = (buckets: Buckets, name: string): BucketRules | undefined =>
  Object.hasOwn(buckets, name) ? buckets[name] : undefined

/**
 * Refuses what a bucket does not take, before any write.
 *
 * @throws RockpoolError `too_large`, `type_not_allowed`
 */
export const checkContent = (name: string, rules: BucketRules, size: number, type: string | undefined): void => {
  const limit = rules.maxSize ?? MAX_CONTENT_SIZE
  if (size > limit) {
    throw refusal('too_large', `The bucket "${name}" takes files of at most ${limit} bytes, this one has ${size}.`)
  }
  if (type !== undefined && !typeAllowed(type, rules.types)) {
    throw refusal('type_not_allowed', `The bucket "${name}" takes ${rules.types?.join(', ')} only.`)
  }
}
