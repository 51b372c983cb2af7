/** Buckets in Postgres, for servers that share their event logs. */
import type { BucketRules, Buckets, StoreId } from '@rockpool/protocol'
import type { PostgresDatabase, Sql, TransactionSql } from '@rockpool/sync-server/postgres'
import { isNewBucket, type StoreBuckets } from './store-buckets.ts'

/**
 * A bucket that is known is never asked for again, since buckets stay as they are. One that is not may have been made at another
 * server just now, so each question for it asks the database.
 */
export const postgresBuckets = ({ query, transact }: PostgresDatabase, configured: Buckets): StoreBuckets => {
  /** Those of the configuration included, of stores that have others: anyone can make up the name of a store. */
  const known = new Map<StoreId, Buckets>()

  const read = async (storeId: StoreId): Promise<Buckets> => {
    const made = await query((sql) => selectMade(sql, storeId))
    if (Object.keys(made).length === 0) return configured
    const buckets = { ...made, ...configured }
    known.set(storeId, buckets)
    return buckets
  }
  return {
    bucketsOf: (storeId, bucket) => {
      const buckets = known.get(storeId) ?? configured
      return bucket !== undefined && Object.hasOwn(buckets, bucket) ? buckets : read(storeId)
    },
    create: (storeId, name, rules, by, at) =>
      transact(async (sql) => {
        // Two servers would count the same buckets. The next statement sees what the one before committed.
        await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`buckets ${storeId}`}, 0))`
        if (!isNewBucket(configured, await selectMade(sql, storeId), name, rules)) return false
        await sql`
          INSERT INTO rockpool.buckets (store_id, name, rules, made_by, made_at)
          VALUES (${storeId}, ${name}, ${JSON.stringify(rules)}, ${by}, ${at})`
        return true
      }),
  }
}

const selectMade = async (sql: Sql | TransactionSql, storeId: StoreId): Promise<Buckets> => {
  const rows = await sql<{ name: string; rules: string }[]>`
    SELECT name, rules FROM rockpool.buckets WHERE store_id = ${storeId}`
  return Object.fromEntries(rows.map(({ name, rules }) => [name, JSON.parse(rules) as BucketRules]))
}
