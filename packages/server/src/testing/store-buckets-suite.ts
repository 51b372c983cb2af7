/** What every adapter of `StoreBuckets` has to do. */
import type { BucketRules, Buckets } from '@rockpool/protocol'
import { beforeEach, expect, it } from 'vitest'
import type { StoreBuckets } from '../buckets/store-buckets.ts'

const CONFIGURED: Buckets = { files: { access: 'store' } }
const OWNER: BucketRules = { access: 'owner', types: ['image/*'], maxSize: 10 }

export interface BucketsCase {
  /** Opens the same buckets once more: a server that starts again, or another server. */
  open(configured: Buckets): StoreBuckets
}

export const storeBucketsSuite = (create: () => BucketsCase | Promise<BucketsCase>): void => {
  let { open }: BucketsCase = { open: () => expect.unreachable() }
  let buckets: StoreBuckets
  beforeEach(async () => {
    ;({ open } = await create())
    buckets = open(CONFIGURED)
  })

  it('a store has the buckets of the configuration, and those made for it', async () => {
    expect(await buckets.create('shop', 'photos', OWNER, 'root', 1)).toBe(true)
    expect(await buckets.bucketsOf('shop')).toEqual({ ...CONFIGURED, photos: OWNER })
    expect(await buckets.bucketsOf('lagoon')).toEqual(CONFIGURED)
    await buckets.create('shop', 'posters', { access: 'public' }, 'root', 2)
    expect(Object.keys(await buckets.bucketsOf('shop')).toSorted()).toEqual(['files', 'photos', 'posters'])
  })

  it('keeps buckets', async () => {
    await buckets.create('shop', 'photos', OWNER, 'root', 1)
    expect(await open(CONFIGURED).bucketsOf('shop')).toEqual({ ...CONFIGURED, photos: OWNER })
  })

  it('prefers a bucket of the configuration to one that was made before', async () => {
    await buckets.create('shop', 'photos', OWNER, 'root', 1)
    const configured: Buckets = { photos: { access: 'public' } }
    expect(await open(configured).bucketsOf('shop')).toEqual(configured)
  })

  it('makes the same bucket once, and none with other rules', async () => {
    await buckets.create('shop', 'photos', OWNER, 'root', 1)
    expect(await buckets.create('shop', 'photos', { ...OWNER }, 'root', 2)).toBe(false)
    const conflict = buckets.create('shop', 'photos', { access: 'owner' }, 'root', 2)
    await expect(conflict).rejects.toMatchObject({ code: 'conflict' })
    expect(await open(CONFIGURED).bucketsOf('shop')).toEqual({ ...CONFIGURED, photos: OWNER })
  })

  it('takes a name that objects inherit for a bucket only when it was made', async () => {
    expect(Object.hasOwn(await buckets.bucketsOf('shop', '__proto__'), '__proto__')).toBe(false)
    await buckets.create('shop', '__proto__', OWNER, 'root', 1)
    const made = await buckets.bucketsOf('shop', '__proto__')
    expect(Object.hasOwn(made, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
  })
}
