import type { CORSRule, LifecycleRule } from '@aws-sdk/client-s3'
import { expect, test } from 'vitest'
import { merged, wantedCors, wantedLifecycle } from './bucket-settings.ts'

const foreign: LifecycleRule = { ID: 'mine', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } }

test("nothing there: all of ours; others' rules stay; ours are replaced, not repeated", () => {
  const wanted = wantedLifecycle()
  expect(merged([], wanted)).toEqual(wanted)
  expect(merged([foreign], wanted)).toEqual([foreign, ...wanted])
  expect(merged([foreign, ...wanted], wanted)).toBeUndefined()
  const changed = [{ ...wanted[0]!, Expiration: { Days: 3 } }, foreign, ...wanted.slice(1)]
  expect(merged(changed, wanted)).toEqual([foreign, ...wanted])
  expect(merged([...wanted, { ...foreign, ID: 'rockpool-old' }], wanted)).toEqual(wanted)
})

test("the same in a vendor's words is the same", () => {
  const [rule] = wantedCors(['https://a.example', 'https://b.example'])
  const echoed: CORSRule = {
    ...rule!,
    AllowedOrigins: [...rule!.AllowedOrigins!].reverse(),
    AllowedHeaders: rule!.AllowedHeaders!.map((header) => header.toUpperCase()),
  }
  expect(merged([echoed], [rule!])).toBeUndefined()
  expect(merged([echoed], wantedCors(['https://a.example']))).toEqual(wantedCors(['https://a.example']))
  const [tmp, ...rest] = wantedLifecycle()
  const { Filter: _, ...bare } = tmp!
  expect(merged([{ ...bare, Prefix: 'tmp/' }, ...rest], wantedLifecycle())).toBeUndefined()
  expect(merged([{ ...bare, Prefix: 'other/' }, ...rest], wantedLifecycle())).toBeDefined()
})

test('no origin, no rule', () => expect(merged([], wantedCors([]))).toBeUndefined())
