import { describe, expect, test } from 'vitest'
import { expectBytes, readAll, someBytes } from './bytes.ts'
import type { Subject } from './object-store-suite.ts'

const STRANGE = [
  'with space',
  'a+b',
  '100%',
  '%2e%2e',
  "it's (ok)!*",
  'a&b=c?d#e',
  'ümläut',
  '日本語',
  '🐟',
  '"<>',
  '~tilde',
  'UPPER',
  'upper',
]
const BAD = [
  '',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  'a/./b',
  'a\u0000b',
  'a\nb',
  'a\\b',
  'a\u202eb',
  'a\ud800',
  'x'.repeat(1025),
  'é'.repeat(513),
]

export const keyCases = (subject: Subject): void => {
  describe('keys', () => {
    test.for(STRANGE)('%j is a key like any other', async (name) => {
      const prefix = subject.prefix()
      const key = `${prefix}/${name}`
      const size = name.length
      await subject.store.put(key, someBytes(size), { size })
      expect((await subject.store.head(key)).key).toBe(key)
      expect((await subject.store.list(prefix)).objects.map((object) => object.key)).toEqual([key])
      const { url, headers } = await subject.store.signGet({ key, expiresIn: 60 })
      const response = await fetch(url, { headers })
      expect([response.status, await response.bytes()]).toEqual([200, someBytes(size)])
      await subject.store.copy(key, `${key}-copy`)
      expectBytes(await readAll((await subject.store.get(`${key}-copy`)).body), someBytes(size))
      await subject.store.delete(key)
      expect(await subject.store.exists(key)).toBe(false)
    })

    test('two spellings of the same text are one key (NFC)', async () => {
      const prefix = subject.prefix()
      await subject.store.put(`${prefix}/e\u0301`, someBytes(3), { size: 3 })
      expect((await subject.store.head(`${prefix}/\u00e9`)).size).toBe(3)
    })

    test('a key of 1,024 bytes fits', async () => {
      const prefix = `${subject.prefix()}/`
      const key = prefix + 'k'.repeat(1024 - prefix.length)
      await subject.store.put(key, someBytes(3), { size: 3 })
      expect((await subject.store.head(key)).size).toBe(3)
    })

    test.for(BAD)('%j is refused by every method', async (key) => {
      const { store } = subject
      const sha256 = new Uint8Array(32)
      const calls: (() => Promise<unknown>)[] = [
        () => store.put(key, someBytes(1), { size: 1 }),
        () => store.get(key),
        () => store.head(key),
        () => store.exists(key),
        () => store.delete(key),
        () => store.copy(key, 'a'),
        () => store.copy('a', key),
        () => store.signPut({ key, size: 1, type: 'image/png', sha256, expiresIn: 60 }),
        () => store.signGet({ key, expiresIn: 60 }),
        () => store.multipart.start(key, { type: 'image/png' }),
        () => store.multipart.signPart({ key, uploadId: 'u', number: 1, size: 1, sha256, expiresIn: 60 }),
        () => store.multipart.putPart(key, 'u', 1, someBytes(1), { size: 1, sha256 }),
        () => store.multipart.listParts(key, 'u'),
        () => store.multipart.complete(key, 'u', [{ number: 1, size: 1, etag: '"e"' }]),
        () => store.multipart.abort(key, 'u'),
      ]
      for (const call of calls) await expect(call(), call.toString()).rejects.toMatchObject({ code: 'bad_key' })
    })
  })
}
