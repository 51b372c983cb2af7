/** Buckets and their rules. Only configured ones exist. */
import { type BucketRules, type Buckets, MAX_CONTENT_SIZE, typeAllowed } from '@rockpool/protocol'
import { httpError } from './errors.ts'

/** The rules of a bucket, if it is configured. Own properties only: the name is from the client. */
export const bucketRules = (buckets: Buckets, name: string): BucketRules | undefined =>
  Object.hasOwn(buckets, name) ? buckets[name] : undefined

/**
 * Checks size and type against the bucket's rules, before any write.
 *
 * @throws RockpoolError `too_large`, `type_not_allowed`
 */
export const checkContent = (name: string, rules: BucketRules, size: number, type: string | undefined): void => {
  const limit = rules.maxSize ?? MAX_CONTENT_SIZE
  if (size > limit) {
    throw httpError('too_large', `The bucket "${name}" takes files of at most ${limit} bytes, this one has ${size}.`)
  }
  if (type !== undefined && !typeAllowed(type, rules.types)) {
    throw httpError('type_not_allowed', `The bucket "${name}" takes ${rules.types?.join(', ')} only.`)
  }
}
