import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from '../../records/limits.ts'
import { cleanName } from './source-name.ts'

test.each([
  ['reef.txt', 'reef.txt'],
  ['.gitignore', '.gitignore'],
  ['archive.tar.gz', 'archive.tar.gz'],
  [`${'写'.repeat(90)}.png`, `${'写'.repeat(83)}.png`],
  [`${'🐠'.repeat(100)}.png`, `${'🐠'.repeat(62)}.png`],
  ['x'.repeat(300), 'x'.repeat(255)],
  [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
  ['a\\b.png', 'a_b.png'],
  ['a/b.png', 'a_b.png'],
  ['two\nlines.txt', 'two_lines.txt'],
  ['cafe\u0301.txt', 'café.txt'],
  ['lone \ud800.txt', 'lone \ufffd.txt'],
  ['   ', undefined],
  ['.', undefined],
  ['..', undefined],
])('%j becomes %j', (name, clean) => {
  expect(cleanName(name)).toBe(clean)
})

test('what is left is a name, whatever the file was called', () => {
  const text = fc.string({ unit: 'binary', maxLength: 400 })
  fc.assert(
    fc.property(text, text, (base, extension) => {
      const clean = cleanName(`${base}.${extension}`)
      return clean === undefined || checkName(clean) === undefined
    }),
  )
})
