import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentDisposition, contentSecurityPolicy, matchesEtag, servedType } from './http-file.ts'

test.each([
  ['reef.jpg', `inline; filename="reef.jpg"; filename*=UTF-8''reef.jpg`],
  ['Café "1".txt', `inline; filename="Caf_ _1_.txt"; filename*=UTF-8''Caf%C3%A9%20%221%22.txt`],
  ["It's (me)*.jpg", `inline; filename="It's (me)*.jpg"; filename*=UTF-8''It%27s%20%28me%29%2A.jpg`],
  ['a\r\nb/c\\d', `inline; filename="a__b_c_d"; filename*=UTF-8''a__b_c_d`],
  ['', 'inline'],
  [undefined, 'inline'],
])('the disposition of %j is %s', (name, header) => {
  expect(contentDisposition('inline', name)).toBe(header)
})

test('no name breaks out of a Content-Disposition header', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const header = contentDisposition('attachment', name)
      expect(header).toMatch(/^attachment(; filename="[\x20-\x7e]+"; filename\*=UTF-8''[A-Za-z0-9%!&+._~$-]+)?$/)
      expect(header.match(/"/g)?.length ?? 0).toBe(header === 'attachment' ? 0 : 2)
      expect(new Headers({ 'content-disposition': header }).get('content-disposition')).toBe(header)
    }),
  )
})

test.each([
  ['application/octet-stream', "sandbox; default-src 'none'"],
  ['text/plain;charset=utf-8', "sandbox; default-src 'none'"],
  ['image/svg+xml', "sandbox; default-src 'none'"],
  ['Application/PDF', "frame-ancestors 'self'"],
  ['video/webm;codecs="vp8,opus"', "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"],
  ['image/png', "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"],
])('a document of the type %s may do %s', (type, policy) => {
  expect(contentSecurityPolicy(type)).toBe(policy)
})

test.each([
  ['text/plain', 'text/plain;charset=utf-8'],
  ['text/plain;format=flowed', 'text/plain;charset=utf-8'],
  ['text/plain; charset=iso-8859-1', 'text/plain; charset=iso-8859-1'],
  ['text/plain;CHARSET="utf-16"', 'text/plain;CHARSET="utf-16"'],
  ['image/png', 'image/png'],
])('%s is served as %s', (type, served) => {
  expect(servedType(type)).toBe(served)
})

test.each([
  ['"a"', true],
  ['W/"a"', true],
  ['"other", W/"a"', true],
  ['*', true],
  ['"other"', false],
  ['a', false],
])('If-None-Match %s names "a": %s', (header, matches) => {
  expect(matchesEtag(header, '"a"')).toBe(matches)
})
