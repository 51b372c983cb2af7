/** Whatever JSON an event holds: reading it never throws, and what is read can be stored, shown and sent again. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryReplica } from '../memory/replica.ts'
import { decodeEvent, EVENT_NAMES } from './decode-event.ts'
import type { PoolEvent } from './events.ts'
import { MAX_TIME } from './limits.ts'
import { packMeta, unpackMeta } from './packed-meta.ts'

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\0b', '\uD800', '\uDC00x', '__proto__', ''))
const number = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 1e300, -9e15, 9e15, 2 ** 53, Number.MAX_SAFE_INTEGER, 0.5, -1),
)
const deep = fc
  .tuple(fc.constantFrom(1, 50, 99, 100, 101, 20_000), fc.constantFrom(['[', ']'], ['{"a":', '}']))
  .map(([levels, [open, close]]) => `{"m":${open!.repeat(levels)}1${close!.repeat(levels)}}`)
const json = fc.jsonValue({ stringUnit: 'binary' })
const field = fc.oneof(text, number, deep, json, fc.object(), fc.constantFrom(null, true, '{"half', '{}'))

/** Among which are keys of the events, so that some decode. */
const anyArgs = fc.oneof(
  { weight: 1, arbitrary: json },
  {
    weight: 9,
    arbitrary: fc.record({
      opId: fc.oneof(fc.uuid(), field),
      id: fc.oneof(fc.constantFrom('x', 'y'), field),
      name: fc.oneof(text, field),
      type: fc.oneof(text, field),
      size: fc.oneof(fc.nat(), field),
      remoteKey: fc.oneof(fc.constantFrom(`shop/files/${'a'.repeat(64)}`), text, field),
      basedOn: fc.oneof(text, field),
      meta: fc.oneof(deep, fc.constant('{}'), field),
      at: fc.oneof(number, field),
      etag: field,
      versionId: field,
      path: fc.oneof(fc.constantFrom('fish/reef.jpg', '../x'), text, field),
      constructor: field,
    }),
  },
)
/** As JSON brings them. */
const args = anyArgs.map((value): unknown => JSON.parse(JSON.stringify(value)))
const event = fc.record({ name: fc.oneof(fc.constantFrom(...EVENT_NAMES), text), args })

test('reads any args without an exception', () => {
  let read = 0
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const replica = memoryReplica()
      for (const { name, args: packed } of events) {
        const decoded = decodeEvent(name as never, unpackMeta(packed))
        if (!decoded) continue
        read++
        replica.apply(decoded)
        expectShowable(decoded)
      }
      // What a device stores comes back from JSON and SQLite as it is.
      const files = [...replica.files.values()]
      expect(JSON.parse(JSON.stringify(files))).toEqual(files)
      for (const { name, type } of files) expect([name, type].every((value) => value.isWellFormed())).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(read).toBeGreaterThan(100)
})

const expectShowable = ({ args: decoded }: PoolEvent) => {
  if ('size' in decoded) expect(Number.isSafeInteger(decoded.size) && decoded.size >= 0).toBe(true)
  if ('at' in decoded) {
    expect(decoded.at).toBeGreaterThanOrEqual(0)
    expect(decoded.at).toBeLessThanOrEqual(MAX_TIME)
    expect(() => new Date(decoded.at).toISOString()).not.toThrow()
  }
}

test.each([
  ['no JSON', '{"half'],
  ['101 levels', `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`],
  ['more than 64 KiB', JSON.stringify({ a: 'x'.repeat(65_536) })],
])('keeps metadata of %s as text, and does not read its event', (_, meta) => {
  const given = { opId: 'op', id: 'x', meta, at: 1 }
  expect(unpackMeta(given)).toBe(given)
  expect(decodeEvent('v2.FileMetaSet', unpackMeta(given))).toBeUndefined()
})

test('gives LiveStore back the args that it was given', () => {
  fc.assert(
    fc.property(args, (packed) => {
      const again = packMeta(unpackMeta(packed))
      // Metadata that was read is packed anew: the same JSON, perhaps another text.
      expect(unpackMeta(again)).toEqual(unpackMeta(packed))
    }),
    { numRuns: 500 },
  )
})
