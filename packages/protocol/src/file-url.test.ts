import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentUrl, fileUrl, parseFileUrl } from './file-url.ts'
import type { RemoteKey } from './remote-key.ts'

const hash = 'a'.repeat(64)
const at = (path: string) => new URL(path, 'https://app.example')

const storeId = fc
  .stringMatching(/^[A-Za-z0-9_-]{1,128}$/)
  .filter((id) => !/^(requests|tmp|gc|public|objects)$/.test(id))
const remoteKey = fc
  .tuple(
    storeId,
    fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
    fc.option(fc.stringMatching(/^u_[A-Za-z0-9_-]{32}$/)),
    fc.stringMatching(/^[0-9a-f]{64}(-[2-9][0-9]?)?$/),
  )
  .map((parts) => parts.filter((part) => part !== null).join('/') as RemoteKey)
const anyCharacter = fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code))
/** Any text but the few that no URL segment can be. */
const text = fc
  .string({ unit: anyCharacter, minLength: 1 })
  .filter((name) => !/^\.{1,2}$/.test(name) && name.isWellFormed())

describe('file URLs', () => {
  it('name a content, whatever it is called', () => {
    fc.assert(
      fc.property(
        remoteKey,
        text,
        fc.option(fc.string({ unit: anyCharacter }).filter((type) => type.isWellFormed())),
        (key, name, type) => {
          const url = at(contentUrl({ remoteKey: key, name, type: type ?? undefined }))
          expect(parseFileUrl(url)).toEqual({
            kind: 'content',
            remoteKey: key,
            name,
            type: type ?? undefined,
            isDownload: false,
          })
        },
      ),
    )
  })

  it('name a file, whatever it is called', () => {
    fc.assert(
      fc.property(storeId, text, text, (store, fileId, name) => {
        expect(parseFileUrl(at(fileUrl({ storeId: store, fileId, name })))).toEqual({
          kind: 'file',
          storeId: store,
          fileId,
          name,
          isDownload: false,
        })
      }),
    )
  })

  it('ask for the file to be saved', () => {
    const url = fileUrl({ storeId: 's', fileId: 'id', name: 'x', download: true })
    expect(parseFileUrl(at(url))).toMatchObject({ fileId: 'id', isDownload: true })
    const remoteKey = `s/files/${hash}` as RemoteKey
    for (const type of [undefined, 'image/png']) {
      const url = contentUrl({ remoteKey, name: 'x', type, download: true })
      expect(parseFileUrl(at(url))).toEqual({ kind: 'content', remoteKey, name: 'x', type, isDownload: true })
    }
  })

  it('are safe in an unquoted or quoted url() of CSS', () => {
    expect(fileUrl({ storeId: 's', fileId: 'id', name: `It's (1)!*.jpg` })).toBe(
      '/rockpool/f/s/id/It%27s%20%281%29%21%2A.jpg',
    )
  })

  it.each(['', '.', '..', '\ud800', 'a\udc00b'])('still parse when the name is %j', (name) => {
    expect(parseFileUrl(at(fileUrl({ storeId: 's', fileId: 'id', name })))).toMatchObject({ fileId: 'id' })
    expect(parseFileUrl(at(contentUrl({ remoteKey: `s/files/${hash}` as RemoteKey, name })))).toMatchObject({
      remoteKey: `s/files/${hash}`,
    })
  })

  it('have a readable form', () => {
    expect(contentUrl({ remoteKey: `s/photos/${hash}` as RemoteKey, name: 'a reef/1.jpg', type: 'image/jpeg' })).toBe(
      `/rockpool/c/s/photos/${hash}/a%20reef%2F1.jpg?type=image%2Fjpeg`,
    )
    expect(fileUrl({ storeId: 's', fileId: 'id', name: 'ü.txt' })).toBe('/rockpool/f/s/id/%C3%BC.txt')
  })

  it.each([
    '/',
    '/rockpool',
    '/rockpool/',
    '/rockpool/x/s/id/name',
    '/rockpool/c/name',
    `/rockpool/c/${hash}/name`,
    `/rockpool/c/gc/files/${hash}/name`,
    `/rockpool/c/s/files/${hash}/`,
    `/rockpool/c/s/files/${hash}/%E0%A4%A`,
    `/rockpool/c/s/files/${hash}-1/name`,
    `/rockpool/c/s/files/../${hash}/name/x`,
    '/rockpool/f/s/name',
    '/rockpool/f/s//name',
    '/rockpool/f/s/id/deeper/name',
    '/rockpool/f/s%2Ft/id/name',
    '/rockpool/f/public/id/name',
    '/elsewhere/rockpool/f/s/id/name',
  ])('refuse %s', (path) => {
    expect(parseFileUrl(at(path))).toBeUndefined()
  })

  it('refuse nothing by throwing', () => {
    const pieces = fc.constantFrom('/', '%', '%E0', '%2F', '..', '?', '#', '&type=%', 'files', hash, 'ü', '\ud800')
    const anyPath = fc.array(pieces, { maxLength: 12 }).map((path) => path.join(''))
    fc.assert(
      fc.property(fc.constantFrom('c', 'f', ''), fc.oneof(anyPath, text), (kind, path) => {
        parseFileUrl(at(`/rockpool/${kind}/${path}`))
      }),
    )
  })

  it('of an app below a sub-path are below that', () => {
    const key = `reef/files/${hash}` as RemoteKey
    const urls = [
      contentUrl({ remoteKey: key, name: 'a', base: '/app/' }),
      fileUrl({ storeId: 'reef', fileId: '7', name: 'a', base: '/app/' }),
    ]
    expect(urls).toEqual([`/app/rockpool/c/${key}/a`, '/app/rockpool/f/reef/7/a'])
    expect(urls.map((url) => parseFileUrl(at(url), '/app/')?.kind)).toEqual(['content', 'file'])
    expect(urls.map((url) => parseFileUrl(at(url)))).toEqual([undefined, undefined])
    expect(parseFileUrl(at('/rockpool/f/reef/7/a'), '/app/')).toBeUndefined()
  })
})
