import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_KEY_BYTES, sanitizeKey, sanitizePrefix } from './object-key.ts'

const utf8 = (text: string) => new TextEncoder().encode(text).length
const accepted = (key: string): string | undefined => {
  try {
    return sanitizeKey(key)
  } catch (error) {
    expect(error).toMatchObject({ name: 'ObjectStoreError', code: 'bad_key' })
    return undefined
  }
}

/** Text of what keys are attacked with, among other text. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '.',
        '..',
        '\\',
        '\u0000',
        '\n',
        '\u007f',
        '\u0085',
        '\u202e',
        '\ufeff',
        '\ud800',
        'e\u0301',
        '%2e',
        'a',
        '\uff0e\uff0e',
        '\u2024',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''))

test('an accepted key has no traversal, no control characters, is NFC, and at most 1,024 bytes', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const key = accepted(text)
      if (key === undefined) return
      expect(key).toBe(text.normalize('NFC'))
      expect(utf8(key)).toBeLessThanOrEqual(MAX_KEY_BYTES)
      expect(key).not.toMatch(/[\p{Cc}\u2028\u2029\\]/u)
      for (const segment of key.split('/')) expect(['', '.', '..']).not.toContain(segment)
      // What a file system or URL makes of it stays below.
      expect(new URL(`http://h/o/${key.split('/').map(encodeURIComponent).join('/')}`).pathname).toMatch(/^\/o\//)
    }),
    { numRuns: 5000 },
  )
})

test('sanitizing twice changes nothing more', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const key = accepted(text)
      if (key !== undefined) expect(sanitizeKey(key)).toBe(key)
    }),
  )
})

test('plain keys pass as they are', () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/)
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      expect(sanitizeKey(segments.join('/'))).toBe(segments.join('/'))
    }),
  )
})

test.for([
  ['', 'is empty'],
  ['/a', 'empty segment'],
  ['a/', 'empty segment'],
  ['a//b', 'empty segment'],
  ['..', 'dot segment'],
  ['a/../b', 'dot segment'],
  ['a/.', 'dot segment'],
  ['a\\..\\b', 'backslash'],
  ['a\u0000', 'control'],
  ['\ud800', 'well-formed'],
  ['é'.repeat(513), '1024 bytes'],
  ['x'.repeat(2 ** 20), '1024 bytes'],
] as const)('%j is refused: %s', ([key, reason]) => {
  expect(() => sanitizeKey(key)).toThrow(reason)
})

test('1,024 bytes fit; 1,025 do not', () => {
  expect(sanitizeKey('é'.repeat(512))).toHaveLength(512)
  expect(accepted(`${'é'.repeat(512)}x`)).toBeUndefined()
})

test('a prefix may be empty, end in a slash or inside a segment', () => {
  expect(['', 'a', 'a/', 'a/b'].map(sanitizePrefix)).toEqual(['', 'a', 'a/', 'a/b'])
  for (const prefix of ['/', '../', 'a//', '/a']) expect(() => sanitizePrefix(prefix)).toThrow()
})
