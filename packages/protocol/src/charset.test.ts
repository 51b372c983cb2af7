import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import { withCharset, withoutCharset } from './charset.ts'

const TEXT = 'Überall Riffe: 30 °C, 珊瑚 🐠\n'
const utf16le = Buffer.from(`\ufeff${TEXT}`, 'utf16le')
const utf16be = Buffer.from(utf16le).swap16()
const latin1 = Buffer.from('Überall Riffe: 30 °C\n', 'latin1')

test.each<[string, string, Uint8Array, string]>([
  ['UTF-8', 'text/plain', Buffer.from(TEXT), 'text/plain;charset=utf-8'],
  ['UTF-8 with a byte order mark', 'text/plain', Buffer.from(`\ufeff${TEXT}`), 'text/plain;charset=utf-8'],
  ['ASCII', 'text/plain', Buffer.from('reef'), 'text/plain;charset=utf-8'],
  ['CSV in UTF-8', 'text/csv;header=present', Buffer.from(TEXT), 'text/csv;header=present;charset=utf-8'],
  ['UTF-16, little endian', 'text/plain', utf16le, 'text/plain;charset=utf-16le'],
  ['UTF-16, big endian', 'text/plain', utf16be, 'text/plain;charset=utf-16be'],
  ['ISO-8859-1', 'text/plain', latin1, 'text/plain;charset=windows-1252'],
  ['HTML that is no UTF-8, which may declare its charset itself', 'text/html', latin1, 'text/html'],
  ['a charset of the app', 'text/plain; Charset="shift_jis"', Buffer.from(TEXT), 'text/plain; Charset="shift_jis"'],
  ['no text', 'application/json', Buffer.from(TEXT), 'application/json'],
  ['an empty file', 'text/plain', new Uint8Array(), 'text/plain'],
  ['a type that has no room', `text/${'x'.repeat(249)}`, Buffer.from(TEXT), `text/${'x'.repeat(249)}`],
])('%s', (_what, type, bytes, expected) => {
  expect(withCharset(type, bytes, bytes.length)).toBe(expected)
})

describe('a UTF-8 sequence that is cut', () => {
  const fish = Buffer.from('🐠')

  test.each([1, 2, 3])('after %i of 4 bytes is UTF-8 when the file goes on', (length) => {
    expect(withCharset('text/plain', fish.subarray(0, length), 4)).toBe('text/plain;charset=utf-8')
  })

  test('is no UTF-8 at the end of the file', () => {
    expect(withCharset('text/plain', fish.subarray(0, 3), 3)).toBe('text/plain;charset=windows-1252')
  })
})

test.each([
  ['text/plain;charset=utf-8', 'text/plain'],
  ['text/csv;header=present;charset=windows-1252', 'text/csv;header=present'],
  ['text/plain; charset=iso-8859-1', 'text/plain; charset=iso-8859-1'],
  ['application/xml;charset=utf-8', 'application/xml;charset=utf-8'],
])('%s is %s for other bytes', (type, expected) => {
  expect(withoutCharset(type)).toBe(expected)
})
