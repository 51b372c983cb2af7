import { expect, test } from 'vitest'
import { shownName } from './shown-name.ts'

test.each([
  ['an honest name', 'Reef – 2026 (ünï).jpg', 'Reef – 2026 (ünï).jpg'],
  ['Arabic and Hebrew', 'صورة.jpg', 'صورة.jpg'],
  ['emoji with a joiner', '👩‍🚀.png', '👩‍🚀.png'],
  ['255 characters', 'x'.repeat(255), 'x'.repeat(255)],
  ['a right-to-left override', 'invoice\u202Efdp.exe', 'invoicefdp.exe'],
  ['every bidi control', '\u061Ca\u200E\u200Fb\u202A\u202B\u202C\u202D\u202Ec\u2066\u2067\u2068\u2069d', 'abcd'],
  ['line breaks and NUL', 'a\nb\r\0\u2028\u2029c', 'abc'],
  ['a lone surrogate', 'a\uD800b', 'a\uFFFDb'],
  ['nothing to see', '\u202E \n', 'Untitled'],
])('shows %s', (_, name, shown) => expect(shownName(name)).toBe(shown))

test('clips a long name and keeps its extension', () => {
  const shown = shownName(`${'x'.repeat(700_000)}.jpg`)
  expect(shown).toHaveLength(255)
  expect(shown).toMatch(/^x+…x+\.jpg$/)
})
