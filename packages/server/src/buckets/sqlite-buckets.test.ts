import { DatabaseSync } from 'node:sqlite'
import { storeBucketsSuite } from '../testing/store-buckets-suite.ts'
import { sqliteBuckets } from './sqlite-buckets.ts'

storeBucketsSuite(() => {
  const database = new DatabaseSync(':memory:')
  return { open: (configured) => sqliteBuckets(database, configured) }
})
