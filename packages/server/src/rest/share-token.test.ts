import { describe, expect, it } from 'vitest'
import { readShareToken, type Share, shareToken } from './share-token.ts'

const SECRET = 'the secret of receipts, 32 bytes or more'
const SHARE: Share = { storeId: 'shop', bucket: 'files', path: 'fish/reef.jpg', fileId: 'a file', expires: 10_000 }
const token = shareToken(SECRET, SHARE)
const read = (change: Partial<Record<'token' | 'bucket' | 'path' | 'expires', string>> = {}, now = 9_999) => {
  const { token: given = token, ...place } = change
  return readShareToken([SECRET], given, { bucket: 'files', path: 'fish/reef.jpg', expires: '10000', ...place }, now)
}

describe('a share token', () => {
  it('gives what was signed, until it expires', () => {
    expect(read()).toEqual(SHARE)
    expect(() => read({}, 10_000)).toThrow('This URL has expired')
  })

  it.each([
    ['another bucket', { bucket: 'inbox' }],
    ['another path', { path: 'fish/shark.jpg' }],
    ['a later expiry', { expires: '99999' }],
    ['the same expiry, written otherwise', { expires: '1e4' }],
    ['no expiry', { expires: '' }],
    ['another file', { token: `${btoa('["shop","another"]')}.${token.split('.')[1]}` }],
    ['a MAC that is cut', { token: token.slice(0, -2) }],
    ['no MAC', { token: token.split('.')[0]! }],
    ['no token', { token: '' }],
  ])('is refused with %s', (_, change) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining('not signed for this file') }),
    )
  })

  it('is refused by a server with another secret, and taken while secrets are rotated', () => {
    const place = { ...SHARE, expires: '10000' }
    expect(() => readShareToken(['another secret'], token, place, 0)).toThrow('not signed')
    expect(() => readShareToken([], token, place, 0)).toThrow('not signed')
    expect(readShareToken(['another secret', SECRET], token, place, 0)).toEqual(SHARE)
  })
})
