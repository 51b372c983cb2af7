import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  essence,
  isMediaType,
  isPassiveType,
  OCTET_STREAM,
  readMediaType,
  safeType,
  typeAllowed,
} from './media-type.ts'

describe('isMediaType', () => {
  test.each([
    'image/png',
    'IMAGE/PNG',
    'application/vnd.api+json',
    'text/plain; charset=utf-8',
    'text/plain;charset=utf-8;format=flowed',
    'text/plain \t; charset="a b"',
    'text/plain; title="say \\"hi\\""',
    `a/${'b'.repeat(127)}`,
  ])('%j is one', (text) => {
    expect(isMediaType(text)).toBe(true)
  })

  test.each([
    '',
    'image',
    'image/',
    '/png',
    'image/png/x',
    'image /png',
    ' image/png',
    'image/png ',
    'image/png;',
    'image/png; charset',
    'image/png; charset=',
    'image/png; charset="a',
    'image/png; charset="a"b"',
    'image/png\n',
    'text/plain;\r\nset-cookie=x',
    'text/plain;\ncharset=x',
    'text/plain; a="\r\n"',
    'ïmage/png',
    `a/${'b'.repeat(128)}`,
    `a/b; c="${'d'.repeat(250)}"`,
  ])('%j is none', (text) => {
    expect(isMediaType(text)).toBe(false)
  })

  test('whatever is one fits into a header, on one line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z]+\/[a-z]+(;\s*[a-z]+=("[^"]*"|\w+))?$/)), (text) => {
        if (isMediaType(text)) expect(new Headers({ 'content-type': text }).get('content-type')).toBe(text)
      }),
    )
  })
})

test('essence is the type without parameters, in lower case', () => {
  expect(essence('Text/Plain ; charset=utf-8')).toBe('text/plain')
  expect(essence('')).toBe('')
})

test.each([
  ['image/png', true],
  ['Image/JPEG', true],
  ['audio/mpeg', true],
  ['video/mp4; codecs="avc1"', true],
  ['font/woff2', true],
  ['application/pdf', true],
  ['text/plain; charset=utf-8', true],
  ['image/svg+xml', false],
  ['IMAGE/SVG+XML', false],
  ['image/svg', false],
  ['image/reef+xml', false],
  ['Video/Reef+XML; charset=utf-8', false],
  ['image/reef+xmlx', true],
  ['text/html', false],
  ['text/css', false],
  ['text/javascript', false],
  ['application/xhtml+xml', false],
  ['application/json', false],
  ['imageX/png', false],
  ['image/', false],
  ['', false],
])('%s runs nothing: %s', (type, passive) => {
  expect(isPassiveType(type)).toBe(passive)
  expect(safeType(type)).toBe(passive ? type : OCTET_STREAM)
})

test.each([
  ['image/png', undefined, true],
  ['image/png', [], false],
  ['image/png', ['image/*'], true],
  ['image/png', ['image/png'], true],
  ['Image/PNG; q=1', ['IMAGE/*'], true],
  ['image/png', ['text/plain', 'image/png'], true],
  ['image/png', ['image/jpeg'], false],
  ['imagex/png', ['image/*'], false],
  ['image/pngx', ['image/png'], false],
])('%s in a bucket for %j: %s', (type, allowed, answer) => {
  expect(typeAllowed(type, allowed)).toBe(answer)
})

test.each([
  ['image/png', 'image/png'],
  ['image/png;', 'image/png'],
  [' image/png ; ', 'image/png'],
  ['text/html; charset=utf-8;', 'text/html;charset=utf-8'],
  ['video/webm;codecs=vp8,opus', 'video/webm;codecs="vp8,opus"'],
  ['video/mp4;codecs=avc1.42E01E,mp4a.40.2', 'video/mp4;codecs="avc1.42E01E,mp4a.40.2"'],
  ['video/webm;codecs="vp8, opus";x=1', 'video/webm;codecs="vp8, opus";x=1'],
  ['text/plain;title="a;b"', 'text/plain;title="a;b"'],
  ['text/plain;title="a', 'text/plain'],
  ['text/plain;=;charset=utf-8;é=1', 'text/plain;charset=utf-8'],
  ['text/plain;a=\u0000', 'text/plain'],
  [`text/plain;a=${'x'.repeat(300)}`, 'text/plain'],
  ['image/png;base64', 'image/png'],
  ['text/html;charset', 'text/html'],
  [`text/plain;charset=utf-8${';'.repeat(100_000)}`, 'text/plain;charset=utf-8'],
  ['nonsense', undefined],
  ['', undefined],
  ['/png', undefined],
  ['image/png\r\nset-cookie: a=b', undefined],
])('%j means %j', (text, type) => {
  expect(readMediaType(text)).toBe(type)
})

test('what is read is a media type, whatever the text is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `image/png;${text}`),
      ),
      (text) => {
        const type = readMediaType(text)
        return type === undefined || isMediaType(type)
      },
    ),
  )
})
