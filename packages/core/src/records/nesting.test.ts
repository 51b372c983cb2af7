import { expect, test } from 'vitest'
import { isDeeperThan, isJsonDeeperThan } from './nesting.ts'

test.each([
  ['a number', '7', 0],
  ['an empty object', '{}', 1],
  ['a field', '{"a":1}', 1],
  ['the deepest of several branches', '{"a":{"b":[]},"c":{}}', 3],
  ['brackets in texts', '{"[[[[":"{{{{"}', 1],
  ['escapes in texts', String.raw`{"a\"[[":"\\"}`, 1],
  ['200,000 lists', '['.repeat(200_000) + ']'.repeat(200_000), 200_000],
])('counts the levels of %s', (_, json, levels) => {
  expect(isJsonDeeperThan(json, levels)).toBe(false)
  if (levels > 0) expect(isJsonDeeperThan(json, levels - 1)).toBe(true)
  const value: unknown = JSON.parse(json)
  expect(isDeeperThan(value, levels)).toBe(false)
  if (levels > 0) expect(isDeeperThan(value, levels - 1)).toBe(true)
})
