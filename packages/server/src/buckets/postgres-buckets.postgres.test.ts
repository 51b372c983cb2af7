import type { BucketRules, Buckets } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { useSharedDatabases } from '../testing/shared-databases.ts'
import { storeBucketsSuite } from '../testing/store-buckets-suite.ts'
import { postgresBuckets } from './postgres-buckets.ts'
import { MAX_BUCKETS } from './store-buckets.ts'

const databases = useSharedDatabases()
const CONFIGURED: Buckets = { files: { access: 'store' } }
const RULES: BucketRules = { access: 'public' }

storeBucketsSuite(async () => {
  await databases().query('TRUNCATE rockpool.buckets')
  let next = 0
  return {
    open: (configured) => postgresBuckets(next++ % 2 === 0 ? databases().first : databases().second, configured),
  }
})

it('knows what another server has just made, when it is asked for it or for all', async () => {
  const [first, second] = [databases().first, databases().second].map((each) => postgresBuckets(each, CONFIGURED))
  expect(await second!.bucketsOf('reef')).toEqual(CONFIGURED)
  await first!.create('reef', 'photos', RULES, 'root', 1)
  expect(await second!.bucketsOf('reef', 'photos')).toHaveProperty('photos')
  await first!.create('reef', 'posters', RULES, 'root', 1)
  expect(await second!.bucketsOf('reef')).toHaveProperty('posters')
})

it('asks the database only for a bucket that it does not know', async () => {
  let asked = 0
  const { first } = databases()
  const query: typeof first.query = async (work) => {
    asked++
    return first.query(work)
  }
  const buckets = postgresBuckets({ ...first, query }, CONFIGURED)
  await buckets.create('atoll', 'photos', RULES, 'root', 1)
  for (const bucket of ['files', 'photos', 'photos', 'files']) await buckets.bucketsOf('atoll', bucket)
  expect(asked).toBe(1)
})

it('makes no bucket twice, and none too many, at two servers at once', async () => {
  const made = [databases().first, databases().second].map((each) => postgresBuckets(each, CONFIGURED))
  const twice = await Promise.all(made.map((each) => each.create('bay', 'photos', RULES, 'root', 1)))
  expect(twice.toSorted()).toEqual([false, true])
  await databases().query(`INSERT INTO rockpool.buckets
    SELECT 'bay', 'b' || n, '{"access":"store"}', 'root', 1 FROM generate_series(1, ${MAX_BUCKETS - 2}) n`)
  const last = await Promise.allSettled(made.map((each, index) => each.create('bay', `last${index}`, RULES, 'root', 1)))
  expect(last.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})
