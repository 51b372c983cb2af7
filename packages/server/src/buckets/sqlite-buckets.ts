/** Buckets in `state.sqlite`, for the only server of its event logs. */
import type { DatabaseSync } from 'node:sqlite'
import type { Buckets, StoreId } from '@rockpool/protocol'
import { openState } from '../state/open-state.ts'
import { isNewBucket, type StoreBuckets } from './store-buckets.ts'

const SCHEMA = `CREATE TABLE IF NOT EXISTS buckets (
  storeId TEXT NOT NULL, name TEXT NOT NULL, rules TEXT NOT NULL, madeBy TEXT NOT NULL, madeAt INTEGER NOT NULL,
  PRIMARY KEY (storeId, name)
) STRICT, WITHOUT ROWID`

export const sqliteBuckets = (database: DatabaseSync, configured: Buckets): StoreBuckets => {
  database.exec(SCHEMA)
  const made = new Map<StoreId, Buckets>()
  const add = (storeId: StoreId, name: string, rules: string) =>
    made.set(storeId, { ...made.get(storeId), ...Object.fromEntries([[name, JSON.parse(rules)]]) })
  for (const { storeId, name, rules } of database.prepare('SELECT storeId, name, rules FROM buckets').all()) {
    add(storeId as string, name as string, rules as string)
  }
  /** merged at the first use: a request may ask several times */
  const merged = new Map<StoreId, Buckets>()
  return {
    bucketsOf: (storeId) => {
      const ofStore = made.get(storeId)
      if (!ofStore) return configured
      const known = merged.get(storeId) ?? { ...ofStore, ...configured }
      merged.set(storeId, known)
      return known
    },
    create: async (storeId, name, rules, by, at) => {
      if (!isNewBucket(configured, made.get(storeId) ?? {}, name, rules)) return false
      const text = JSON.stringify(rules)
      database.prepare('INSERT INTO buckets VALUES (?, ?, ?, ?, ?)').run(storeId, name, text, by, at)
      add(storeId, name, text)
      merged.delete(storeId)
      return true
    },
  }
}

/** For commands beside a server, or without one. */
export const readSqliteBuckets = async (dataDir: string, configured: Buckets, storeId: StoreId): Promise<Buckets> => {
  const state = openState(dataDir)
  try {
    return await sqliteBuckets(state.database, configured).bucketsOf(storeId)
  } finally {
    state.close()
  }
}
