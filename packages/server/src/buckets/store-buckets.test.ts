import type { BucketRules, Buckets } from '@rockpool/protocol'
import { expect, it } from 'vitest'
import { isNewBucket, MAX_BUCKETS } from './store-buckets.ts'

const OWNER: BucketRules = { access: 'owner', types: ['image/*'], maxSize: 10 }
const CONFIGURED: Buckets = {
  files: { access: 'store' },
  scanned: { ...OWNER, hold: { waitSeconds: 1, refused: 'keep' } },
}
const MADE: Buckets = { photos: OWNER, files: { access: 'public' } }

it.each([
  ['posters', OWNER, true],
  ['toString', OWNER, true],
  ['photos', { ...OWNER }, false],
  ['files', { access: 'store' }, false],
  ['photos', { ...OWNER, maxSize: 11 }, 'conflict'],
  ['photos', { access: 'owner' }, 'conflict'],
  ['files', { access: 'public' }, 'conflict'],
  ['scanned', OWNER, 'conflict'],
] as const)('a bucket "%s" with the rules %j: %s', (name, rules, expected) => {
  const decide = () => isNewBucket(CONFIGURED, MADE, name, rules)
  if (typeof expected === 'boolean') expect(decide()).toBe(expected)
  else expect(decide).toThrow(expect.objectContaining({ code: expected }))
})

it('limits the number of buckets of a store', () => {
  const made = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`b${n}`, OWNER]))
  expect(isNewBucket(CONFIGURED, made(MAX_BUCKETS - 1), 'more', OWNER)).toBe(true)
  expect(() => isNewBucket(CONFIGURED, made(MAX_BUCKETS), 'more', OWNER)).toThrow(
    expect.objectContaining({ code: 'quota_exceeded' }),
  )
  expect(isNewBucket(CONFIGURED, made(MAX_BUCKETS), 'b0', OWNER)).toBe(false)
})
