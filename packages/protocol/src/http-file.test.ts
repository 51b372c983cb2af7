import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  contentDisposition,
  contentSecurityPolicy,
  effectiveRange,
  isNotModified,
  servedType,
  type Validators,
  validatorHeaders,
} from './http-file.ts'

test.each([
  ['reef.jpg', `inline; filename="reef.jpg"; filename*=UTF-8''reef.jpg`],
  ['Café "1".txt', `inline; filename="Caf_ _1_.txt"; filename*=UTF-8''Caf%C3%A9%20%221%22.txt`],
  ["It's (me)*.jpg", `inline; filename="It's (me)*.jpg"; filename*=UTF-8''It%27s%20%28me%29%2A.jpg`],
  ['a\r\nb/c\\d', `inline; filename="a__b_c_d"; filename*=UTF-8''a__b_c_d`],
  ['invoice\u202Efdp.exe', `inline; filename="invoicefdp.exe"; filename*=UTF-8''invoicefdp.exe`],
  ['\u202E', 'inline'],
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

describe('validators', () => {
  const MODIFIED = 'Sat, 21 Nov 2026 09:00:00 GMT'
  const LATER = 'Sat, 21 Nov 2026 09:00:01 GMT'
  const EARLIER = 'Sat, 21 Nov 2026 08:59:59 GMT'
  const modifiedAt = Date.parse(MODIFIED) + 999
  const a: Validators = { etag: '"a"', modifiedAt, isImmutable: true }

  test.each([
    ['a time in the past', modifiedAt, MODIFIED],
    ['a time ahead of the clock', modifiedAt + 60_000, MODIFIED],
    ['no time', undefined, undefined],
  ])('%s: Last-Modified is never later than the response', (_, modifiedAt, date) => {
    expect(validatorHeaders({ ...a, modifiedAt }, Date.parse(MODIFIED) + 999)).toEqual({
      etag: '"a"',
      ...(date === undefined ? {} : { 'last-modified': date }),
    })
  })

  test.each<[string, Record<string, string>, boolean]>([
    ['no condition', {}, false],
    ['its ETag', { 'if-none-match': '"a"' }, true],
    ['its ETag, weak', { 'if-none-match': 'W/"a"' }, true],
    ['its ETag in a list', { 'if-none-match': '"other", W/"a"' }, true],
    ['any ETag', { 'if-none-match': '*' }, true],
    ['another ETag', { 'if-none-match': '"other"' }, false],
    ['an ETag without quotes', { 'if-none-match': 'a' }, false],
    ['its date', { 'if-modified-since': MODIFIED }, true],
    ['a later date', { 'if-modified-since': LATER }, true],
    ['an earlier date', { 'if-modified-since': EARLIER }, false],
    ['no HTTP date', { 'if-modified-since': '2027' }, false],
    ['another ETag and its date', { 'if-none-match': '"other"', 'if-modified-since': MODIFIED }, false],
    ['its ETag and an earlier date', { 'if-none-match': '"a"', 'if-modified-since': EARLIER }, true],
  ])('%s: is 304 or not', (_, headers, notModified) => {
    expect(isNotModified(new Headers(headers), a)).toBe(notModified)
  })

  test.each<[string, Partial<Validators>, string | undefined, boolean]>([
    ['no If-Range', {}, undefined, true],
    ['its ETag', {}, '"a"', true],
    ['its ETag, weak', {}, 'W/"a"', false],
    ['another ETag', {}, '"other"', false],
    ['its date', {}, MODIFIED, true],
    ['a later date', {}, LATER, false],
    ['an earlier date', {}, EARLIER, false],
    ['its date, where the bytes of the URL change', { isImmutable: false }, MODIFIED, false],
    ['a date, where none is known', { modifiedAt: undefined }, MODIFIED, false],
  ])('%s: the range counts or not', (_, change, condition, counts) => {
    const headers = new Headers({ range: 'bytes=0-1', ...(condition === undefined ? {} : { 'if-range': condition }) })
    expect(effectiveRange(headers, { ...a, ...change })).toBe(counts ? 'bytes=0-1' : null)
  })

  test('a date that is unknown leaves If-Modified-Since without effect', () => {
    const headers = new Headers({ 'if-modified-since': LATER })
    expect(isNotModified(headers, { ...a, modifiedAt: undefined })).toBe(false)
  })
})
