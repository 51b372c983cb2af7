import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DEPTH, toJsonText } from './json-text.ts'

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

describe('toJsonText', () => {
  it('parses to what it was made from, -0 included', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value = JSON.parse(text)
        const json = toJsonText(value)
        expect('text' in json && JSON.parse(json.text)).toEqual(value)
      }),
    )
  })

  it.each(['-0', '{"a":[-0,0,{"b":-0}]}', '{"__proto__":{"x":-0}}', String.raw`{"\ud800":-0}`])('keeps %s', (text) => {
    expect(toJsonText(JSON.parse(text))).toEqual({ text })
  })

  it('refuses numbers out of range', () => {
    expect(toJsonText(JSON.parse('{"a":[1e999]}'))).toEqual({ problem: 'hold a number out of range' })
    expect(toJsonText(JSON.parse('-1e999'))).toHaveProperty('problem')
  })

  it('takes values of at most 500 levels', () => {
    expect(toJsonText(nested(MAX_DEPTH))).toEqual({ text: JSON.stringify(nested(MAX_DEPTH)) })
    expect(toJsonText(nested(MAX_DEPTH + 2))).toHaveProperty('problem')
    expect(toJsonText(nested(100_000))).toHaveProperty('problem')
  })
})
