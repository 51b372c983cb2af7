import { describe, expect, test } from 'vitest'
import type { UploadedPart } from '../object-store.ts'
import { sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes, streamOf } from './bytes.ts'
import type { Subject } from './object-store-suite.ts'

/** S3's least size of all parts but the last. */
const PART = 5 * 1024 * 1024
const BYTES = someBytes(2 * PART + 12_345, 11)
const partOf = (number: number): Uint8Array<ArrayBuffer> => BYTES.slice((number - 1) * PART, number * PART)
const TYPE = { type: 'video/mp4' } as const

export const multipartCases = (subject: Subject): void => {
  const putPart = async (key: string, uploadId: string, number: number, bytes = partOf(number)) =>
    subject.store.multipart.putPart(key, uploadId, number, streamOf(bytes), {
      size: bytes.length,
      sha256: await sha256(bytes),
    })

  const sendPart = async (key: string, uploadId: string, number: number, body = partOf(number), asNumber = number) => {
    const bytes = partOf(number)
    const request = { key, uploadId, number, size: bytes.length, sha256: await sha256(bytes), expiresIn: 60 }
    const { url, headers } = await subject.store.multipart.signPart(request)
    const target = url.replace(`partNumber=${number}`, `partNumber=${asNumber}`)
    return (await fetch(target, { method: 'PUT', body, headers })).status
  }

  const numbers = (parts: readonly UploadedPart[]) => parts.map((part) => part.number)

  describe('multipart', () => {
    test('parts in any order, one sent twice, make one object that ranges cross', { timeout: 60_000 }, async () => {
      const { store } = subject
      const key = subject.prefix()
      const uploadId = await store.multipart.start(key, TYPE)
      expect(await store.multipart.listParts(key, uploadId)).toEqual([])
      await putPart(key, uploadId, 3)
      await putPart(key, uploadId, 1, someBytes(PART, 99))
      expect(await store.exists(key)).toBe(false)
      expect(await sendPart(key, uploadId, 1)).toBe(200)
      expect(await sendPart(key, uploadId, 2)).toBe(200)
      const parts = await store.multipart.listParts(key, uploadId)
      expect(parts.map(({ number, size }) => ({ number, size }))).toEqual([
        { number: 1, size: PART },
        { number: 2, size: PART },
        { number: 3, size: 12_345 },
      ])
      expect((await store.list(key)).objects).toEqual([])
      const { etag } = await store.multipart.complete(key, uploadId, parts)
      expect(await store.head(key)).toMatchObject({ size: BYTES.length, type: 'video/mp4', etag })
      expectBytes(await readAll((await store.get(key)).body), BYTES)
      for (const [start, end] of [
        [PART - 2, PART + 2],
        [PART, 2 * PART],
        [5, 2 * PART + 5],
      ] as const) {
        const { body } = await store.get(key, { range: { start, end } })
        expectBytes(await readAll(body), BYTES.slice(start, end))
      }
      await expect(store.multipart.listParts(key, uploadId)).rejects.toMatchObject({ code: 'upload_not_found' })
      await store.multipart.abort(key, uploadId)
      expect(await store.exists(key)).toBe(true)
    })

    test('completing replaces what is there; one part is enough', async () => {
      const { store } = subject
      const key = subject.prefix()
      await store.put(key, someBytes(9), { size: 9 })
      const uploadId = await store.multipart.start(key, TYPE)
      await putPart(key, uploadId, 1, someBytes(20, 1))
      await store.multipart.complete(key, uploadId, await store.multipart.listParts(key, uploadId))
      expectBytes(await readAll((await store.get(key)).body), someBytes(20, 1))
    })

    test('other bytes than the digest says are refused', async () => {
      const key = subject.prefix()
      const uploadId = await subject.store.multipart.start(key, TYPE)
      const wrong = subject.store.multipart.putPart(key, uploadId, 1, streamOf(someBytes(100, 1)), {
        size: 100,
        sha256: await sha256(someBytes(100, 2)),
      })
      await expect(wrong).rejects.toMatchObject({ code: 'digest_mismatch' })
      expect(await subject.store.multipart.listParts(key, uploadId)).toEqual([])
      await subject.store.multipart.abort(key, uploadId)
    })

    test('a signed part takes exactly its bytes, under its number', async () => {
      const key = subject.prefix()
      const uploadId = await subject.store.multipart.start(key, TYPE)
      expect(await sendPart(key, uploadId, 3, someBytes(12_345, 5))).toBe(400)
      expect([400, 403]).toContain(await sendPart(key, uploadId, 3, partOf(3).slice(1)))
      expect([403, 413]).toContain(await sendPart(key, uploadId, 3, someBytes(12_346, 11)))
      expect(await sendPart(key, uploadId, 3, partOf(3), 2)).toBe(403)
      expect(await subject.store.multipart.listParts(key, uploadId)).toEqual([])
      expect(await sendPart(key, uploadId, 3)).toBe(200)
      expect(numbers(await subject.store.multipart.listParts(key, uploadId))).toEqual([3])
      await subject.store.multipart.abort(key, uploadId)
    })

    test('an aborted upload takes no parts, lists none and completes nothing', async () => {
      const { multipart } = subject.store
      const key = subject.prefix()
      const uploadId = await multipart.start(key, TYPE)
      const part = await putPart(key, uploadId, 1, someBytes(10))
      await multipart.abort(key, uploadId)
      await multipart.abort(key, uploadId)
      await expect(putPart(key, uploadId, 2, someBytes(10))).rejects.toMatchObject({ code: 'upload_not_found' })
      await expect(multipart.listParts(key, uploadId)).rejects.toMatchObject({ code: 'upload_not_found' })
      await expect(multipart.complete(key, uploadId, [part])).rejects.toMatchObject({ code: 'upload_not_found' })
      expect(await sendPart(key, uploadId, 3)).toBe(404)
      expect(await subject.store.exists(key)).toBe(false)
    })

    test('completing with a part that is not there as given changes nothing', async () => {
      const { multipart } = subject.store
      const key = subject.prefix()
      const uploadId = await multipart.start(key, TYPE)
      const part = await putPart(key, uploadId, 1, someBytes(10))
      const missing = multipart.complete(key, uploadId, [part, { ...part, number: 2 }])
      await expect(missing).rejects.toMatchObject({ code: 'conflict' })
      const other = await putPart(key, uploadId, 1, someBytes(11))
      expect(other.etag).not.toBe(part.etag)
      await expect(multipart.complete(key, uploadId, [part])).rejects.toMatchObject({ code: 'conflict' })
      await expect(multipart.complete(key, uploadId, [])).rejects.toMatchObject({ code: 'bad_request' })
      expect(await subject.store.exists(key)).toBe(false)
      expect(numbers(await multipart.listParts(key, uploadId))).toEqual([1])
      await multipart.abort(key, uploadId)
    })

    test('an upload belongs to its key', async () => {
      const { multipart } = subject.store
      const key = subject.prefix()
      const uploadId = await multipart.start(key, TYPE)
      const other = `${key}-other`
      await expect(multipart.listParts(other, uploadId)).rejects.toMatchObject({ code: 'upload_not_found' })
      await expect(putPart(other, uploadId, 1, someBytes(5))).rejects.toMatchObject({ code: 'upload_not_found' })
      await multipart.abort(other, uploadId)
      expect(await multipart.listParts(key, uploadId)).toEqual([])
      await multipart.abort(key, uploadId)
      await expect(multipart.listParts(key, 'no/such upload?')).rejects.toMatchObject({ code: 'upload_not_found' })
    })

    test('uploads are listed by their key until they are completed or aborted', { timeout: 120_000 }, async () => {
      const { multipart } = subject.store
      const key = `${subject.prefix()}/ü & <b>+%20`
      expect(await multipart.listUploads(key)).toEqual([])
      const started = await Promise.all([1, 2, 3, 4].map(() => multipart.start(key, TYPE)))
      for (const other of [`${key}-longer`, key.slice(0, -1)]) await multipart.start(other, TYPE)
      expect((await multipart.listUploads(key)).toSorted()).toEqual(started.toSorted())
      const [first, second, ...open] = started as [string, string, ...string[]]
      await putPart(key, first, 1, someBytes(20, 1))
      await multipart.complete(key, first, await multipart.listParts(key, first))
      await multipart.abort(key, second)
      expect((await multipart.listUploads(key)).toSorted()).toEqual(open.toSorted())
      for (const uploadId of open) await multipart.abort(key, uploadId)
    })

    test('all of 1,001 uploads of a key are listed', { timeout: 120_000 }, async () => {
      const { multipart } = subject.store
      const key = subject.prefix()
      await multipart.start(`${key}-longer`, TYPE)
      const waiting = Array.from({ length: 1001 }, (_, i) => i)
      const started: string[] = []
      const worker = async () => {
        while (waiting.pop() !== undefined) started.push(await multipart.start(key, TYPE))
      }
      await Promise.all(Array.from({ length: 16 }, worker))
      expect((await multipart.listUploads(key)).toSorted()).toEqual(started.toSorted())
      await Promise.all(started.map((uploadId) => multipart.abort(key, uploadId)))
      expect(await multipart.listUploads(key)).toEqual([])
    })

    test('all of 1,001 parts are listed, through all pages', { timeout: 120_000 }, async () => {
      const { multipart } = subject.store
      const key = subject.prefix()
      const uploadId = await multipart.start(key, TYPE)
      const size = 4
      const digest = await sha256(someBytes(size))
      const waiting = Array.from({ length: 1001 }, (_, i) => i + 1)
      const worker = async () => {
        for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
          await multipart.putPart(key, uploadId, number, someBytes(size), { size, sha256: digest })
        }
      }
      await Promise.all(Array.from({ length: 16 }, worker))
      const listed = await multipart.listParts(key, uploadId)
      expect(numbers(listed)).toEqual(Array.from({ length: 1001 }, (_, i) => i + 1))
      await multipart.abort(key, uploadId)
    })

    test.for([0, 10_001, 1.5, -1])('part number %d is refused', async (number) => {
      const key = subject.prefix()
      const bytes = { size: 1, sha256: await sha256(someBytes(1)) }
      const signing = subject.store.multipart.signPart({ key, uploadId: 'u', number, ...bytes, expiresIn: 60 })
      await expect(signing).rejects.toMatchObject({ code: 'bad_request' })
    })
  })
}
