import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findNotJson, type NotJson } from './not-json.ts'

const LIMITS = { levels: 3, values: 20 }
const find = (value: unknown) => findNotJson(value, 'meta', LIMITS)
const notJson = (path: string, what: string): NotJson => ({ problem: 'not_json', path, what })

const loop: Record<string, unknown> = {}
loop['self'] = loop
class Album {
  name = 'reef'
}

test.each<[string, unknown, NotJson | undefined]>([
  ['JSON', { a: 1, b: [null, true, 'x'], c: { d: -0.5 } }, undefined],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), undefined],
  ['a key of Object.prototype', JSON.parse('{"__proto__": {"constructor": 1}}'), undefined],
  ['a Date', { taken: { at: new Date(0) } }, notJson('meta.taken.at', 'a Date')],
  ['a function', { a: () => 1 }, notJson('meta.a', 'a function')],
  ['a toJSON', { toJSON: () => ({}) }, notJson('meta.toJSON', 'a function')],
  ['undefined', { a: undefined }, notJson('meta.a', 'undefined')],
  ['undefined in a list', { a: [1, undefined] }, notJson('meta.a[1]', 'undefined')],
  ['a hole in a list', { a: Array(1) }, notJson('meta.a[0]', 'undefined')],
  ['NaN', { a: Number.NaN }, notJson('meta.a', 'NaN')],
  ['Infinity', { a: -Infinity }, notJson('meta.a', '-Infinity')],
  ['a bigint', { a: 1n }, notJson('meta.a', 'a bigint')],
  ['a symbol', { a: Symbol('x') }, notJson('meta.a', 'a symbol')],
  ['a Map', { a: new Map() }, notJson('meta.a', 'a Map')],
  ['bytes', { a: new Uint8Array(2) }, notJson('meta.a', 'a Uint8Array')],
  ['an instance of a class', { a: new Album() }, notJson('meta.a', 'a Album')],
  ['a boxed text', { a: Object('x') }, notJson('meta.a', 'a String')],
  ['a key that is no identifier', { 'my key': { 'a"b': [Number.NaN] } }, notJson('meta["my key"]["a\\"b"][0]', 'NaN')],
  ['the first of two', { a: [Number.NaN], b: undefined }, notJson('meta.a[0]', 'NaN')],
  ['as many levels as allowed', { a: { b: [1] } }, undefined],
  ['a level more', { a: { b: [{}] } }, { problem: 'too_deep' }],
  ['an object that contains itself', loop, { problem: 'too_deep' }],
  ['more values than allowed', { a: Array.from({ length: 20 }, () => 0) }, { problem: 'too_many' }],
])('%s', (_, value, expected) => {
  expect(find(value)).toEqual(expected)
})

test('an object that is shared by many is not read without end', () => {
  let shared: unknown = {}
  for (let level = 0; level < 31; level++) shared = { a: shared, b: shared }
  expect(findNotJson(shared, 'meta', { levels: 32, values: 8_192 })).toEqual({ problem: 'too_many' })
})

test('a list of four billion holes takes no time', () => {
  expect(find({ a: Array(2 ** 32 - 1) })).toEqual({ problem: 'too_many' })
})

test('is undefined for JSON, and only for what JSON gives back as it was', () => {
  const limits = { levels: 1_000, values: 100_000 }
  const negativeZero = (value: unknown): boolean =>
    Object.is(value, -0) || (typeof value === 'object' && value !== null && Object.values(value).some(negativeZero))
  const value = fc.anything({ withDate: true, withBigInt: true, withMap: true, withTypedArray: true })
  fc.assert(
    fc.property(
      value.filter((any) => !negativeZero(any)),
      (any) => {
        if (findNotJson(any, 'x', limits) === undefined) expect(JSON.parse(JSON.stringify(any))).toEqual(any)
      },
    ),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect(findNotJson(json, 'x', limits)).toBeUndefined()
    }),
  )
})
