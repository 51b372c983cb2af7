import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { WANTED_LIFECYCLE, wantedCors, withRule } from './bucket-settings.ts'

const foreign: LifecycleRule = { ID: 'mine', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }
const [tmp, incomplete] = WANTED_LIFECYCLE.map(({ rule }) => rule) as [LifecycleRule, LifecycleRule]

test("nothing there: the rule; others' rules stay; ours is replaced, not repeated", () => {
  expect(withRule([], tmp)).toEqual([tmp])
  expect(withRule([foreign, incomplete], tmp)).toEqual([foreign, incomplete, tmp])
  expect(withRule([foreign, tmp], tmp)).toBeUndefined()
  expect(withRule([{ ...tmp, Expiration: { Days: 3 } }, foreign], tmp)).toEqual([foreign, tmp])
  expect(withRule([{ ...tmp, Status: 'Disabled' }], tmp)).toEqual([tmp])
  expect(withRule([{ ...tmp, ID: 'mine' }], tmp)).toHaveLength(2)
})

test("the same in a vendor's words is the same", () => {
  const rule = wantedCors(['https://a.example', 'https://b.example'])
  const echoed: CORSRule = {
    ...rule,
    AllowedOrigins: [...rule.AllowedOrigins!].reverse(),
    AllowedHeaders: rule.AllowedHeaders!.map((header) => header.toUpperCase()),
  }
  expect(withRule([echoed], rule)).toBeUndefined()
  const other = wantedCors(['https://a.example'])
  expect(withRule([echoed], other)).toEqual([other])
  const { Filter: _, ...bare } = tmp
  expect(withRule([{ ...bare, Prefix: 'tmp/' }], tmp)).toBeUndefined()
  expect(withRule([{ ...bare, Prefix: 'other/' }], tmp)).toBeDefined()
})
