import { expect, test } from 'vitest'
import { elements, encodeText, textOf } from './xml.ts'

test('finds elements by name, with and without attributes', () => {
  const xml = '<L xmlns="x"><C><Key>a</Key></C><C a="b"><Key>b</Key></C><Count>2</Count></L>'
  expect(elements(xml, 'C')).toEqual(['<Key>a</Key>', '<Key>b</Key>'])
  expect(textOf(xml, 'Count')).toBe('2')
  expect(textOf(xml, 'Missing')).toBeUndefined()
})

test('decodes entities once', () => {
  expect(textOf('<Key>&lt;a&gt; &amp;amp; &quot;&apos;&#65;&#x42;&unknown;&#xFFFFFF;</Key>', 'Key')).toBe(
    `<a> &amp; "'AB&unknown;&#xFFFFFF;`,
  )
})

test('encoded text comes back', () => {
  const text = `<"etag'&>`
  expect(textOf(`<ETag>${encodeText(text)}</ETag>`, 'ETag')).toBe(text)
})
