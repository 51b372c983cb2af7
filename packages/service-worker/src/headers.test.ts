import type { ContentAddress } from '@rockpool/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentHeaders, isNotModified, rangeHolds } from './headers.ts'

const address = 'ab'.repeat(32) as ContentAddress
/** Lone surrogates included. */
const anyCharacter = fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code))
const reef = { address, type: 'image/jpeg', name: 'reef.jpg', immutable: true, isDownload: false }

describe('contentHeaders', () => {
  it('say what it is, that it stays, and that it may run nothing', () => {
    expect(contentHeaders(reef, 'image')).toEqual({
      'accept-ranges': 'bytes',
      'cache-control': 'private, max-age=31536000, immutable',
      'content-disposition': `inline; filename="reef.jpg"; filename*=UTF-8''reef.jpg`,
      'content-security-policy': "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'",
      'content-type': 'image/jpeg',
      'cross-origin-resource-policy': 'same-origin',
      etag: `"${address}"`,
      'x-content-type-options': 'nosniff',
    })
  })

  it('let nobody cache a file whose content may change', () => {
    expect(contentHeaders({ ...reef, immutable: false }, 'image')['cache-control']).toBe('private, no-cache')
  })

  it.each([
    ['text/html', 'document', 'application/octet-stream', 'attachment'],
    ['text/html', 'iframe', 'application/octet-stream', 'attachment'],
    ['text/html', '', 'application/octet-stream', 'inline'],
    ['image/svg+xml', 'document', 'application/octet-stream', 'attachment'],
    ['image/svg+xml', 'image', 'application/octet-stream', 'inline'],
    ['IMAGE/SVG+XML;x=y', 'frame', 'application/octet-stream', 'attachment'],
    ['text/javascript', 'document', 'application/octet-stream', 'attachment'],
    ['application/xhtml+xml', 'document', 'application/octet-stream', 'attachment'],
    ['text/xml', 'document', 'application/octet-stream', 'attachment'],
    ['not a type', 'document', 'application/octet-stream', 'attachment'],
    ['image/png\r\nset-cookie: a=b', 'document', 'application/octet-stream', 'attachment'],
    [undefined, 'document', 'application/octet-stream', 'attachment'],
    ['image/png', 'document', 'image/png', 'inline'],
    ['video/mp4', 'video', 'video/mp4', 'inline'],
    ['text/plain;charset=utf-8', 'document', 'text/plain;charset=utf-8', 'inline'],
  ])('%j for %j: %s, %s', (type, destination, served, kind) => {
    const headers = contentHeaders({ ...reef, type }, destination)
    expect(headers['content-type']).toBe(served)
    expect(headers['content-disposition']).toMatch(new RegExp(`^${kind};`))
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    if (kind === 'attachment') expect(headers['content-security-policy']).toContain('sandbox')
  })

  it('save what a URL with ?download names', () => {
    const headers = contentHeaders({ ...reef, isDownload: true }, 'document')
    expect(headers['content-disposition']).toBe(`attachment; filename="reef.jpg"; filename*=UTF-8''reef.jpg`)
  })

  it('leave PDF out of the sandbox, and out of foreign frames', () => {
    const headers = contentHeaders({ ...reef, type: 'Application/PDF' }, 'iframe')
    expect(headers['content-security-policy']).toBe("frame-ancestors 'self'")
  })

  it('are headers, whatever the file is called and declared to be', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), fc.string(), (name, type, destination) => {
        const headers = new Headers(contentHeaders({ ...reef, name, type }, destination))
        const [, encoded] = headers.get('content-disposition')!.split("filename*=UTF-8''")
        return encoded === undefined || /^[\w!#$&+.^`|~%-]*$/.test(encoded)
      }),
    )
  })
})

describe('conditional requests', () => {
  it.each([
    [null, false],
    [`"${address}"`, true],
    [`W/"${address}"`, true],
    [`"other", W/"${address}"`, true],
    ['*', true],
    ['"other"', false],
    [address, false],
  ])('If-None-Match %j: %s', (header, notModified) => {
    expect(isNotModified(header, address)).toBe(notModified)
  })

  it.each([
    [null, true],
    [`"${address}"`, true],
    [`W/"${address}"`, false],
    ['"other"', false],
    ['Sat, 21 Nov 2026 09:00:00 GMT', false],
  ])('If-Range %j: %s', (header, holds) => {
    expect(rangeHolds(header, address)).toBe(holds)
  })
})
