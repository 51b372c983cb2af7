/** The buckets of each store: those of the configuration, which all stores have, and those that were made by the REST API. */
import { type BucketRules, type Buckets, type BucketsOf, RockpoolError, type StoreId } from '@rockpool/protocol'

export interface StoreBuckets {
  /** Those of the configuration count over those made later. */
  readonly bucketsOf: BucketsOf
  /**
   * Makes a bucket, durable when it resolves. Buckets are never changed or removed.
   *
   * @param by `sub` of who makes it
   * @param at unix ms
   * @returns false when the store has this bucket with the same rules already
   * @throws RockpoolError `conflict` when it has one with other rules, `quota_exceeded`
   */
  create(storeId: StoreId, name: string, rules: BucketRules, by: string, at: number): Promise<boolean>
}

/** Buckets made in one store: all of them are in memory. */
export const MAX_BUCKETS = 1_000

/**
 * Whether a bucket is a new one. Pure.
 *
 * @param made in the store so far
 * @throws RockpoolError `conflict`, `quota_exceeded`
 */
export const isNewBucket = (configured: Buckets, made: Buckets, name: string, rules: BucketRules): boolean => {
  const buckets = { ...made, ...configured }
  if (Object.hasOwn(buckets, name)) {
    if (isSame(buckets[name]!, rules)) return false
    throw new RockpoolError(
      'conflict',
      `There is a bucket "${name}" with other rules already. Choose another name, or change it in the configuration.`,
    )
  }
  if (Object.keys(made).length < MAX_BUCKETS) return true
  throw new RockpoolError('quota_exceeded', `A store has at most ${MAX_BUCKETS} buckets of its own. Use one of these.`)
}

const isSame = (a: BucketRules, b: BucketRules): boolean =>
  a.access === b.access &&
  a.maxSize === b.maxSize &&
  a.hold === undefined &&
  JSON.stringify(a.types) === JSON.stringify(b.types)
