import { describe, expect, test } from 'vitest'
import { type ByteRange, sha256, toHex } from '@rockpool/protocol'
import type { ObjectBody, PutOptions } from '../object-store.ts'
import { expectBytes, readAll, someBytes, streamOf } from './bytes.ts'
import type { Subject } from './object-store-suite.ts'

const ONCE = { ifNoneMatch: '*' } as const

export const objectCases = (subject: Subject): void => {
  const put = (key: string, body: ObjectBody, options: PutOptions) => subject.store.put(key, body, options)
  const bytesOf = async (key: string) => readAll((await subject.store.get(key)).body)

  describe('put and get', () => {
    test.for([0, 1, 65_536, 65_537, 3_000_001])('%i bytes come back, from a stream and from memory', async (size) => {
      const key = subject.prefix()
      const bytes = someBytes(size, size + 1)
      const digest = await sha256(bytes)
      const stored = await put(`${key}/a`, streamOf(bytes), { size, sha256: digest, type: 'image/png', ...ONCE })
      await put(`${key}/b`, bytes, { size })
      for (const name of ['a', 'b']) expect(toHex(await sha256(await bytesOf(`${key}/${name}`)))).toBe(toHex(digest))
      const { info, span, body } = await subject.store.get(`${key}/a`)
      await body.cancel()
      expect(info).toMatchObject({ key: `${key}/a`, size, type: 'image/png', etag: stored.etag })
      expect(span).toEqual({ start: 0, end: size })
      expect(stored.etag).toMatch(/^".+"$/)
      expect(Math.abs(info.modifiedAt - Date.now())).toBeLessThan(120_000)
      expect((await subject.store.head(`${key}/b`)).type).toBe('application/octet-stream')
    })

    test('other bytes than the digest says are refused, and nothing is there', async () => {
      const key = subject.prefix()
      const bytes = someBytes(100_000)
      const digest = await sha256(bytes)
      bytes[99_999]! ^= 1
      const refused = put(key, streamOf(bytes), { size: bytes.length, sha256: digest })
      await expect(refused).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'digest_mismatch' })
      expect(await subject.store.exists(key)).toBe(false)
    })

    test('more than a part in one stream: right bytes are kept, wrong ones refused', { timeout: 60_000 }, async () => {
      const key = subject.prefix()
      const bytes = someBytes(9_000_001, 5)
      const digest = await sha256(bytes)
      const size = bytes.length
      await put(`${key}/right`, streamOf(bytes), { size, sha256: digest, ...ONCE })
      expectBytes(await bytesOf(`${key}/right`), bytes)
      bytes[size - 1]! ^= 1
      const wrong = put(`${key}/wrong`, streamOf(bytes), { size, sha256: digest })
      await expect(wrong).rejects.toMatchObject({ code: 'digest_mismatch' })
      const short = put(`${key}/wrong`, streamOf(bytes), { size: size + 1, sha256: digest })
      await expect(short).rejects.toMatchObject({ code: 'bad_request' })
      expect(await subject.store.exists(`${key}/wrong`)).toBe(false)
    })

    test.for([
      ['longer', 100_001, 'too_large'],
      ['shorter', 99_999, 'bad_request'],
    ] as const)('a %s body than announced is refused, and nothing is there', async ([, size, code]) => {
      const key = subject.prefix()
      for (const body of [streamOf(someBytes(size)), someBytes(size)]) {
        await expect(put(key, body, { size: 100_000 })).rejects.toMatchObject({ code })
      }
      expect(await subject.store.exists(key)).toBe(false)
    })

    test('a source that breaks off leaves nothing, and the former object as it was', async () => {
      const key = subject.prefix()
      await put(key, someBytes(10), { size: 10 })
      const broken = streamOf(someBytes(70_000), { end: 'fail' })
      await expect(put(key, broken, { size: 100_000 })).rejects.toMatchObject({ code: 'bad_request' })
      expectBytes(await bytesOf(key), someBytes(10))
    })

    test('a put with ifMatch replaces that object, and neither another one nor none', async () => {
      const key = subject.prefix()
      const first = await put(key, someBytes(10, 1), { size: 10 })
      await expect(put(`${key}/none`, someBytes(10), { size: 10, ifMatch: first.etag })).rejects.toMatchObject({
        name: 'ObjectStoreError',
        code: expect.stringMatching(/^(precondition_failed|not_found)$/),
      })
      expect(await subject.store.exists(`${key}/none`)).toBe(false)
      const second = await put(key, someBytes(20, 2), { size: 20, ifMatch: first.etag })
      await expect(put(key, someBytes(30, 3), { size: 30, ifMatch: first.etag })).rejects.toMatchObject({
        code: 'precondition_failed',
      })
      expectBytes(await bytesOf(key), someBytes(20, 2))
      const writers = [4, 5, 6].map((seed) => put(key, someBytes(40, seed), { size: 40, ifMatch: second.etag }))
      const passed = (await Promise.allSettled(writers)).filter(({ status }) => status === 'fulfilled')
      expect(passed.length).toBeLessThanOrEqual(1)
    })

    test('a put of the same key replaces the object, its type too', async () => {
      const key = subject.prefix()
      await put(key, someBytes(200_000, 1), { size: 200_000, type: 'image/png' })
      await put(key, someBytes(300_000, 2), { size: 300_000, type: 'image/webp' })
      expect(await subject.store.head(key)).toMatchObject({ size: 300_000, type: 'image/webp' })
      expectBytes(await bytesOf(key), someBytes(300_000, 2))
    })

    test.for([-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])('size %d is refused', async (size) => {
      await expect(put(subject.prefix(), someBytes(1), { size })).rejects.toMatchObject({ code: 'bad_request' })
    })

    test('over 5 GiB in one put is too large; a type that is none is refused', async () => {
      const size = 5 * 1024 ** 3 + 1
      await expect(put(subject.prefix(), someBytes(1), { size })).rejects.toMatchObject({ code: 'too_large' })
      const type = 'image/png\r\nx: y'
      await expect(put(subject.prefix(), someBytes(1), { size: 1, type })).rejects.toMatchObject({
        code: 'bad_request',
      })
    })
  })

  describe('write once', () => {
    test('a second put is refused and changes nothing', async () => {
      const key = subject.prefix()
      await put(key, someBytes(1000, 1), { size: 1000, ...ONCE })
      const second = put(key, streamOf(someBytes(1000, 2)), { size: 1000, ...ONCE })
      await expect(second).rejects.toMatchObject({ code: 'precondition_failed' })
      expectBytes(await bytesOf(key), someBytes(1000, 1))
    })

    test('of eight writers at once exactly one wins, and its bytes are there', async () => {
      const key = subject.prefix()
      const writers = Array.from({ length: 8 }, (_, i) => someBytes(200_000, i + 1))
      const results = await Promise.allSettled(
        writers.map((bytes) => put(key, streamOf(bytes), { size: bytes.length, ...ONCE })),
      )
      const won = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []))
      expect(won).toHaveLength(1)
      expectBytes(await bytesOf(key), writers[won[0]!]!)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason.code).toMatch(/^(precondition_failed|conflict)$/)
      }
    })
  })

  describe('ranges', () => {
    const size = 1_000_003
    const bytes = someBytes(size, 7)
    const ranges: readonly (readonly [ByteRange, number, number])[] = [
      [{ start: 0, end: 1 }, 0, 1],
      [{ start: 0 }, 0, size],
      [{ start: 262_143, end: 262_146 }, 262_143, 262_146],
      [{ start: size - 1 }, size - 1, size],
      [{ start: 5, end: size + 100 }, 5, size],
      [{ suffix: 3 }, size - 3, size],
      [{ suffix: size + 5 }, 0, size],
    ]

    test('give exactly those bytes', async () => {
      const key = subject.prefix()
      await put(key, bytes, { size })
      for (const [range, start, end] of ranges) {
        const read = await subject.store.get(key, { range })
        expect(read.span).toEqual({ start, end })
        expect(read.info.size).toBe(size)
        expectBytes(await readAll(read.body), bytes.slice(start, end))
      }
      for (const range of [{ start: size }, { start: size + 5, end: size + 9 }]) {
        await expect(subject.store.get(key, { range })).rejects.toMatchObject({ code: 'range_not_satisfiable' })
      }
    })

    test('a reader that stops early harms nobody', async () => {
      const key = subject.prefix()
      await put(key, bytes, { size })
      const reader = (await subject.store.get(key)).body.getReader()
      expect((await reader.read()).done).toBe(false)
      await reader.cancel()
      expectBytes(await bytesOf(key), bytes)
    })
  })

  describe('head, exists, delete, copy', () => {
    test('what is not there', async () => {
      const key = subject.prefix()
      expect(await subject.store.exists(key)).toBe(false)
      await expect(subject.store.head(key)).rejects.toMatchObject({ code: 'not_found' })
      await expect(subject.store.get(key)).rejects.toMatchObject({ code: 'not_found' })
      await expect(subject.store.get(key, { range: { start: 0 } })).rejects.toMatchObject({ code: 'not_found' })
      await expect(subject.store.copy(key, `${key}-2`)).rejects.toMatchObject({ code: 'not_found' })
      await subject.store.delete(key)
    })

    test('a delete has no effect when its time is over', async () => {
      const key = subject.prefix()
      await put(key, someBytes(10), { size: 10 })
      const late = subject.store.delete(key, { before: performance.now() })
      await expect(late).rejects.toMatchObject({ code: 'unavailable' })
      expect(await subject.store.exists(key)).toBe(true)
      await subject.store.delete(key, { before: performance.now() + 600_000 })
      expect(await subject.store.exists(key)).toBe(false)
      await subject.store.delete(key, { before: performance.now() + 600_000 })
    })

    test('delete removes, and the key can be written once again', async () => {
      const key = subject.prefix()
      await put(key, someBytes(10, 1), { size: 10, ...ONCE })
      expect(await subject.store.exists(key)).toBe(true)
      await subject.store.delete(key)
      expect(await subject.store.exists(key)).toBe(false)
      await put(key, someBytes(10, 2), { size: 10, ...ONCE })
      expectBytes(await bytesOf(key), someBytes(10, 2))
    })

    test('a copy has bytes and type, and outlives its source', async () => {
      const key = subject.prefix()
      await put(`${key}/a`, someBytes(70_000), { size: 70_000, type: 'audio/ogg' })
      await put(`${key}/b`, someBytes(5), { size: 5 })
      await subject.store.copy(`${key}/a`, `${key}/b`)
      await subject.store.copy(`${key}/a`, `${key}/c`)
      await subject.store.delete(`${key}/a`)
      for (const name of ['b', 'c']) {
        expectBytes(await bytesOf(`${key}/${name}`), someBytes(70_000))
        expect((await subject.store.head(`${key}/${name}`)).type).toBe('audio/ogg')
      }
    })
  })

  describe('list', () => {
    test('pages hold every key once, in the order of UTF-8 bytes', async () => {
      const prefix = subject.prefix()
      const names = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'B', 'b', 'z', 'é', '\u{1F41F}', '\uFF5E']
      await Promise.all(names.map((name, i) => put(`${prefix}/${name}`, someBytes(i), { size: i })))
      await put(`${prefix}!outside`, someBytes(1), { size: 1 })
      const found: { readonly key: string; readonly size: number }[] = []
      let cursor: string | undefined
      let pages = 0
      do {
        const page = await subject.store.list(`${prefix}/`, { limit: 5, ...(cursor === undefined ? {} : { cursor }) })
        expect(page.objects.length).toBeLessThanOrEqual(5)
        found.push(...page.objects)
        cursor = page.cursor
        pages++
      } while (cursor !== undefined)
      expect(pages).toBe(3)
      const utf8 = new Map(names.map((name) => [name, toHex(new TextEncoder().encode(name))]))
      const sorted = names.toSorted((a, b) => (utf8.get(a)! < utf8.get(b)! ? -1 : 1))
      expect(found.map((object) => object.key)).toEqual(sorted.map((name) => `${prefix}/${name}`))
      expect(found.map((object) => object.size)).toEqual(sorted.map((name) => names.indexOf(name)))
    })

    test('by the beginning of a segment, and of nothing', async () => {
      const prefix = subject.prefix()
      await put(`${prefix}/ab`, someBytes(1), { size: 1 })
      await put(`${prefix}/b`, someBytes(1), { size: 1 })
      expect((await subject.store.list(`${prefix}/a`)).objects.map((object) => object.key)).toEqual([`${prefix}/ab`])
      expect(await subject.store.list(`${prefix}/none`)).toEqual({ objects: [] })
    })

    test.for([0, 1001, 1.5])('a limit of %d is refused', async (limit) => {
      await expect(subject.store.list('', { limit })).rejects.toMatchObject({ code: 'bad_request' })
    })
  })

  test('health is good', async () => {
    const health = await subject.store.checkHealth()
    expect(health).toMatchObject({ ok: true, mode: subject.store.mode, integrity: subject.store.integrity })
    expect(health.latencyMs).toBeGreaterThanOrEqual(0)
  })
}
