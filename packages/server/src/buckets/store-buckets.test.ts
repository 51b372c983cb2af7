import { DatabaseSync } from 'node:sqlite'
import type { BucketRules, Buckets } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { configuredBuckets, MAX_BUCKETS, openStoreBuckets } from './store-buckets.ts'

const CONFIGURED: Buckets = { files: { access: 'store' } }
const OWNER: BucketRules = { access: 'owner', types: ['image/*'], maxSize: 10 }
const open = (database = new DatabaseSync(':memory:'), configured = CONFIGURED) =>
  openStoreBuckets(database, configured)

it('a store has those of the configuration, and those made for it', () => {
  const buckets = open()
  expect(buckets.create('shop', 'photos', OWNER, 'root', 1)).toBe(true)
  expect(buckets.bucketsOf('shop')).toEqual({ ...CONFIGURED, photos: OWNER })
  expect(buckets.bucketsOf('lagoon')).toEqual(CONFIGURED)
  buckets.create('shop', 'posters', { access: 'public' }, 'root', 2)
  expect(Object.keys(buckets.bucketsOf('shop')).toSorted()).toEqual(['files', 'photos', 'posters'])
})

it('are kept', () => {
  const database = new DatabaseSync(':memory:')
  open(database).create('shop', 'photos', OWNER, 'root', 1)
  expect(open(database).bucketsOf('shop')).toEqual({ ...CONFIGURED, photos: OWNER })
})

it('one of the configuration counts over one that was made before', () => {
  const database = new DatabaseSync(':memory:')
  open(database).create('shop', 'photos', OWNER, 'root', 1)
  const configured: Buckets = { photos: { access: 'public' } }
  expect(open(database, configured).bucketsOf('shop')).toEqual(configured)
})

it('the same bucket may be made again, another one of that name may not', () => {
  const buckets = open()
  buckets.create('shop', 'photos', OWNER, 'root', 1)
  expect(buckets.create('shop', 'photos', { ...OWNER }, 'root', 2)).toBe(false)
  for (const [name, rules] of [
    ['photos', { ...OWNER, maxSize: 11 }],
    ['photos', { access: 'owner' }],
    ['files', { access: 'public' }],
  ] as const) {
    expect(() => buckets.create('shop', name, rules, 'root', 2)).toThrow(expect.objectContaining({ code: 'conflict' }))
  }
})

it('a store has a limited number of its own', () => {
  const buckets = open()
  for (let n = 0; n < MAX_BUCKETS; n++) buckets.create('shop', `b${n}`, OWNER, 'root', 1)
  expect(() => buckets.create('shop', 'more', OWNER, 'root', 1)).toThrow(
    expect.objectContaining({ code: 'quota_exceeded' }),
  )
  expect(buckets.create('lagoon', 'more', OWNER, 'root', 1)).toBe(true)
})

it('of servers that share their logs are those of the configuration', () => {
  const buckets = configuredBuckets(CONFIGURED)
  expect(buckets.bucketsOf('shop')).toBe(CONFIGURED)
  expect(() => buckets.create('shop', 'photos', OWNER, 'root', 1)).toThrow(
    expect.objectContaining({ code: 'bad_request' }),
  )
})

it('a name that objects inherit is a bucket only when it was made', () => {
  const buckets = open()
  expect(Object.hasOwn(buckets.bucketsOf('shop'), '__proto__')).toBe(false)
  buckets.create('shop', '__proto__', OWNER, 'root', 1)
  expect(Object.hasOwn(buckets.bucketsOf('shop'), '__proto__')).toBe(true)
  expect(Object.getPrototypeOf(buckets.bucketsOf('shop'))).toBe(Object.prototype)
})
