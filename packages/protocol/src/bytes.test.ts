import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, toHex } from './bytes.ts'

test('base64, base64url and hex are those of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect([...fromBase64(toBase64(bytes))!]).toEqual([...bytes])
      expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      expect([...fromBase64Url(toBase64Url(bytes))!]).toEqual([...bytes])
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      expect([...fromHex(toHex(bytes))]).toEqual([...bytes])
    }),
    { numRuns: 30 },
  )
})

test('the digest list of 10,000 parts goes there and back', () => {
  const digests = new Uint8Array(320_000).map((_, i) => i * 7)
  expect(Buffer.compare(fromBase64(toBase64(digests))!, digests)).toBe(0)
})

test.each(['*', 'a', 'aGVsbG8*', 'ä'])('%j is no base64', (text) => {
  expect(fromBase64(text)).toBeUndefined()
})
