/** The buckets of each store: those of the configuration, which all stores have, and those that were made by the REST API. */
import type { DatabaseSync } from 'node:sqlite'
import { type BucketRules, type Buckets, type BucketsOf, RockpoolError, type StoreId } from '@rockpool/protocol'
import { openState } from '../state/open-state.ts'

export interface StoreBuckets {
  /** Those of the configuration count over those made later. */
  readonly bucketsOf: BucketsOf
  /**
   * Makes a bucket, durable when it returns.
   *
   * @param by `sub` of who makes it
   * @param at unix ms
   * @returns false when the store has this bucket with the same rules already
   * @throws RockpoolError `conflict` when it has one with other rules, `quota_exceeded`
   */
  create(storeId: StoreId, name: string, rules: BucketRules, by: string, at: number): boolean
}

/** Buckets made in one store: all of them are in memory. */
export const MAX_BUCKETS = 1_000

const SCHEMA = `CREATE TABLE IF NOT EXISTS buckets (
  storeId TEXT NOT NULL, name TEXT NOT NULL, rules TEXT NOT NULL, madeBy TEXT NOT NULL, madeAt INTEGER NOT NULL,
  PRIMARY KEY (storeId, name)
) STRICT, WITHOUT ROWID`

export const openStoreBuckets = (database: DatabaseSync, configured: Buckets): StoreBuckets => {
  database.exec(SCHEMA)
  const made = new Map<StoreId, Map<string, BucketRules>>()
  for (const { storeId, name, rules } of database.prepare('SELECT storeId, name, rules FROM buckets').all()) {
    const ofStore = made.get(storeId as string) ?? new Map<string, BucketRules>()
    made.set(storeId as string, ofStore.set(name as string, JSON.parse(rules as string)))
  }
  /** merged at the first use: a request may ask several times */
  const merged = new Map<StoreId, Buckets>()
  const bucketsOf = (storeId: StoreId): Buckets => {
    const ofStore = made.get(storeId)
    if (!ofStore) return configured
    const known = merged.get(storeId) ?? { ...Object.fromEntries(ofStore), ...configured }
    merged.set(storeId, known)
    return known
  }
  return {
    bucketsOf,
    create: (storeId, name, rules, by, at) => {
      const buckets = bucketsOf(storeId)
      if (Object.hasOwn(buckets, name)) {
        if (isSame(buckets[name]!, rules)) return false
        throw new RockpoolError(
          'conflict',
          `There is a bucket "${name}" with other rules already. Choose another name, or change it in the configuration.`,
        )
      }
      const ofStore = made.get(storeId) ?? new Map<string, BucketRules>()
      if (ofStore.size >= MAX_BUCKETS) {
        throw new RockpoolError(
          'quota_exceeded',
          `A store has at most ${MAX_BUCKETS} buckets of its own. Use one of these.`,
        )
      }
      database.prepare('INSERT INTO buckets VALUES (?, ?, ?, ?, ?)').run(storeId, name, JSON.stringify(rules), by, at)
      made.set(storeId, ofStore.set(name, rules))
      merged.delete(storeId)
      return true
    },
  }
}

/** Of servers that share their event logs: none would know what another one made. */
export const configuredBuckets = (configured: Buckets): StoreBuckets => ({
  bucketsOf: () => configured,
  create: () => {
    throw new RockpoolError(
      'bad_request',
      'Several servers may share these event logs: make buckets in the configuration of each.',
    )
  },
})

/** For commands beside a server, or without one. */
export const readStoreBuckets = (dataDir: string, configured: Buckets, storeId: StoreId): Buckets => {
  const state = openState(dataDir)
  try {
    return openStoreBuckets(state.database, configured).bucketsOf(storeId)
  } finally {
    state.close()
  }
}

const isSame = (a: BucketRules, b: BucketRules): boolean =>
  a.access === b.access &&
  a.maxSize === b.maxSize &&
  a.hold === undefined &&
  JSON.stringify(a.types) === JSON.stringify(b.types)
