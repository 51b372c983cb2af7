import { expect, it } from 'vitest'
import { arrayLiteral } from './array-literal.ts'

it.each<[string, (string | number | null)[], string]>([
  ['nothing', [], '{}'],
  ['numbers', [1, -2], '{"1","-2"}'],
  ['what is missing', [null], '{NULL}'],
  ['a text that looks like NULL', ['NULL'], '{"NULL"}'],
  ['an empty text', [''], '{""}'],
  ['commas, braces and spaces', ['a, b', '{}'], '{"a, b","{}"}'],
  ['quotes and backslashes', ['"', '\\', '\\"'], String.raw`{"\"","\\","\\\""}`],
])('writes %s', (_, values, expected) => {
  expect(arrayLiteral(values)).toBe(expected)
})
