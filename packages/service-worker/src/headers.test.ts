import type { ContentAddress } from '@rockpool/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentHeaders, type ServedContent, validatorsOf } from './headers.ts'

const address = 'ab'.repeat(32) as ContentAddress
/** Lone surrogates included. */
const anyCharacter = fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code))
const reef: ServedContent = {
  address,
  type: 'image/jpeg',
  name: 'reef.jpg',
  modifiedAt: undefined,
  immutable: true,
  isDownload: false,
}
const NOW = Date.parse('2026-11-27T09:00:00Z')

describe('contentHeaders', () => {
  it('say what it is, that it stays, and that it may run nothing', () => {
    expect(contentHeaders(reef, 'image', NOW)).toEqual({
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

  it('let nobody cache a file whose content may change, and say when it did', () => {
    const modifiedAt = Date.parse('2026-11-21T09:00:00Z')
    expect(contentHeaders({ ...reef, modifiedAt, immutable: false }, 'image', NOW)).toMatchObject({
      'cache-control': 'private, no-cache',
      'last-modified': 'Sat, 21 Nov 2026 09:00:00 GMT',
    })
    expect(validatorsOf({ ...reef, modifiedAt, immutable: false })).toMatchObject({ modifiedAt, isImmutable: false })
  })

  it('let an SVG be an image, which runs no script, and nothing else', () => {
    const svg = { ...reef, type: 'IMAGE/SVG+XML; charset=utf-8' }
    const image = contentHeaders(svg, 'image', NOW)
    expect(image['content-type']).toBe('image/svg+xml')
    expect(image['content-security-policy']).toMatch(/^sandbox; default-src 'none'; style-src 'unsafe-inline';/)
    for (const destination of ['', 'document', 'iframe', 'video', 'font', 'track']) {
      expect(contentHeaders(svg, destination, NOW)['content-type']).toBe('application/octet-stream')
    }
  })

  it.each([
    ['text/html', 'document', 'application/octet-stream', 'attachment'],
    ['text/html', 'iframe', 'application/octet-stream', 'attachment'],
    ['text/html', '', 'application/octet-stream', 'inline'],
    ['image/svg+xml', 'document', 'application/octet-stream', 'attachment'],
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
    const headers = contentHeaders({ ...reef, type }, destination, NOW)
    expect(headers['content-type']).toBe(served)
    expect(headers['content-disposition']).toMatch(new RegExp(`^${kind};`))
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    if (kind === 'attachment') expect(headers['content-security-policy']).toContain('sandbox')
  })

  it('save what a URL with ?download names', () => {
    const headers = contentHeaders({ ...reef, isDownload: true }, 'document', NOW)
    expect(headers['content-disposition']).toBe(`attachment; filename="reef.jpg"; filename*=UTF-8''reef.jpg`)
  })

  it('leave PDF out of the sandbox, and out of foreign frames', () => {
    const headers = contentHeaders({ ...reef, type: 'Application/PDF' }, 'iframe', NOW)
    expect(headers['content-security-policy']).toBe("frame-ancestors 'self'")
  })

  it('are headers, whatever the file is called and declared to be', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string(), fc.string(), (name, type, destination) => {
        const headers = new Headers(contentHeaders({ ...reef, name, type }, destination, NOW))
        const [, encoded] = headers.get('content-disposition')!.split("filename*=UTF-8''")
        return encoded === undefined || /^[\w!#$&+.^`|~%-]*$/.test(encoded)
      }),
    )
  })
})
