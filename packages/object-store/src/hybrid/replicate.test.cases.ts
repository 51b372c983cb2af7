/** What the hybrid store does, whatever keeps its S3 side. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { queryObjects } from 'node:v8'
import { describe, expect, test, vi } from 'vitest'
import { PART_SIZE, partCount, partRange, sha256 } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import { countFiles, SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { LocalContents } from '../local/local-contents.ts'
import { BUCKET_ID_KEY } from '../object-key.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, readAll, someBytes, streamOf } from '../testing/bytes.ts'
import { bytesOf, contentKey, eventually, hasReplicated, hybridSubject, put } from './hybrid.test.subject.ts'
import { Replicator } from './replicator.ts'

const putInParts = async (to: ObjectStore, key: string, bytes: Uint8Array<ArrayBuffer>) => {
  const uploadId = await to.multipart.start(key, { type: 'video/mp4' })
  for (let number = 1; number <= partCount(bytes.length); number++) {
    const { start, end } = partRange(bytes.length, number)
    const part = bytes.slice(start, end)
    await to.multipart.putPart(key, uploadId, number, part, { size: part.length, sha256: await sha256(part) })
  }
  await to.multipart.complete(key, uploadId, await to.multipart.listParts(key, uploadId))
}

/** @param openRemote gives the S3 side of one test, empty */
export const replicationCases = (openRemote: () => Promise<ObjectStore>): void => {
  describe('replication to S3', { timeout: 120_000 }, () => {
    const subject = hybridSubject(openRemote)

    test('an answer at once, durable later', async () => {
      const hybrid = await subject.open()
      subject.s3.down = true
      expect(await put(hybrid, 'a', someBytes(1000))).toMatchObject({ durable: false })
      expect(await hybrid.head('a')).toMatchObject({ durable: false })
      subject.s3.down = false
      await hasReplicated(hybrid)
      expect(await hybrid.head('a')).toMatchObject({ durable: true })
      expectBytes(await bytesOf(subject.remote, 'a'), someBytes(1000))
    })

    test('S3 down from the start: nothing fails, health says so; up again: all follows, also after a restart', async () => {
      subject.s3.down = true
      const first = await subject.open()
      const keys = Array.from({ length: 20 }, (_, i) => `a/${i}`)
      for (const [i, key] of keys.entries()) {
        await first.put(key, someBytes(1000 + i), { size: 1000 + i, ifNoneMatch: '*' })
        expectBytes(await bytesOf(first, key), someBytes(1000 + i))
      }
      const upload = await first.multipart.start('b', { type: 'video/mp4' })
      const bytes = someBytes(500)
      await first.multipart.putPart('b', upload, 1, bytes, { size: 500, sha256: await sha256(bytes) })
      await first.multipart.complete('b', upload, await first.multipart.listParts('b', upload))
      await first.delete('a/0')
      expect(await first.exists('a/0')).toBe(false)
      const health = await first.checkHealth()
      expect(health).toMatchObject({ ok: true, degraded: true, pending: 21 })
      expect(health.error).toContain('S3')
      await first.close()

      const second = await subject.open()
      expect(await second.checkHealth()).toMatchObject({ ok: true, degraded: true, pending: 21 })
      subject.s3.down = false
      await hasReplicated(second)
      expect(await second.checkHealth()).not.toHaveProperty('degraded')
      const listed = (await subject.remote.list('')).objects.map((object) => object.key)
      const there = listed.filter((key) => key !== BUCKET_ID_KEY)
      expect(there).toEqual([...keys.slice(1), 'b'].toSorted())
      expect((await second.list('')).objects.map((object) => object.key)).toEqual(there)
    })

    test('a folder that becomes hybrid goes to S3; an S3 that becomes hybrid is seen in the folder', async () => {
      const before = await openLocalStore({ directory: subject.directory, ...SETUP })
      await put(before, 'here', someBytes(10, 1))
      await put(before, 'both', someBytes(10, 2))
      await before.close()
      await put(subject.remote, 'both', someBytes(10, 3))
      await put(subject.remote, 'there', someBytes(10, 4))
      subject.s3.down = true
      const hybrid = await subject.open()
      expect(await hybrid.head('here')).toMatchObject({ durable: false })
      subject.s3.down = false
      await eventually(() => hybrid.exists('there')).toBe(true)
      const listed = await hybrid.list('', { limit: 2 })
      expect(listed.objects.map((object) => object.key)).toEqual(['both', 'here'])
      const rest = await hybrid.list('', { limit: 2, cursor: listed.cursor! })
      expect(rest.objects.map((object) => object.key)).toEqual(['there'])
      await hasReplicated(hybrid)
      // The folder is the truth.
      expectBytes(await bytesOf(subject.remote, 'both'), someBytes(10, 2))
      expectBytes(await bytesOf(subject.remote, 'here'), someBytes(10, 1))
      expectBytes(await bytesOf(hybrid, 'there'), someBytes(10, 4))
      const second = hybrid.put('there', someBytes(10), { size: 10, ifNoneMatch: '*' })
      await expect(second).rejects.toMatchObject({ code: 'precondition_failed' })
      subject.s3.down = true
      expect(await hybrid.exists('there')).toBe(true)
      expect(await hybrid.exists('nowhere')).toBe(false)
      await expect(hybrid.head('nowhere')).rejects.toMatchObject({ code: 'not_found' })
      await expect(hybrid.get('there')).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('notes older than the folder are made up for: what was written since is replicated, too', async () => {
      const before = await subject.open()
      await put(before, 'a', someBytes(10, 1))
      await hasReplicated(before)
      await before.close()
      const notes = join(subject.directory, 'hybrid.sqlite')
      const saved = await readFile(notes)
      subject.s3.down = true
      const later = await subject.open()
      await put(later, 'b', someBytes(10, 2))
      await later.close()
      await writeFile(notes, saved)
      subject.s3.down = false
      await subject.open()
      await eventually(() => subject.remote.exists('b')).toBe(true)
    })

    test('S3 down and both sides never compared: what is not here is unknown, not lost', async () => {
      await put(subject.remote, 'there', someBytes(10))
      subject.s3.down = true
      const hybrid = await subject.open()
      await expect(hybrid.head('there')).rejects.toMatchObject({ code: 'unavailable' })
      await expect(hybrid.list('')).rejects.toMatchObject({ code: 'unavailable' })
      subject.s3.down = false
      await eventually(() => hybrid.exists('there')).toBe(true)
    })

    test('closed while it connects: who waits for S3 is told to try again', async () => {
      const hybrid = await subject.open({
        connect: (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new ObjectStoreError('aborted', 'Given up.')))
          }),
      })
      const waiting = Promise.allSettled([hybrid.head('there'), hybrid.list('')])
      // Time in which both find nothing in the folder, and go to S3.
      await put(hybrid, 'here', someBytes(10))
      await hybrid.close()
      for (const call of await waiting) expect(call).toMatchObject({ reason: { code: 'unavailable' } })
    })

    test('what is read from S3 is kept here, verified', async () => {
      const large = someBytes(9_000_001, 3)
      const key = await contentKey(large)
      await putInParts(subject.remote, key, large)
      const wrong = await contentKey(someBytes(10, 1))
      await put(subject.remote, wrong, someBytes(10, 2))
      const fill = vi.spyOn(Replicator.prototype, 'fill')
      const hybrid = await subject.open()
      const { body, span } = await hybrid.get(key, { range: { start: 8_388_600, end: 8_388_620 } })
      expect(span).toEqual({ start: 8_388_600, end: 8_388_620 })
      expectBytes(await readAll(body), large.slice(8_388_600, 8_388_620))
      await (await hybrid.get(wrong)).body.cancel()
      // Each read began to bring its object here; the wrong one failed.
      expect(fill.mock.results).toHaveLength(2)
      await Promise.all(fill.mock.results.map((result) => result.value))
      // Durable is what the comparison of both sides has found in S3.
      await hybrid.list('')
      subject.s3.down = true
      expectBytes(await bytesOf(hybrid, key), large)
      expect(await hybrid.head(key)).toMatchObject({ type: 'video/mp4', durable: true })
      await expect(hybrid.get(wrong)).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('what fails on its way here leaves nothing here', async () => {
      const large = someBytes(PART_SIZE + 1)
      const key = await contentKey(large)
      await putInParts(subject.remote, key, large)
      const { get } = subject.remote
      const failed = vi.fn()
      vi.spyOn(subject.remote, 'get').mockImplementation(async (from, { range, ...call } = {}) => {
        if (!range || !('start' in range) || range.start < PART_SIZE)
          return get(from, range ? { range, ...call } : call)
        failed()
        throw new ObjectStoreError('unavailable', 'S3 broke off.')
      })
      const hybrid = await subject.open()
      await (await hybrid.get(key, { range: { start: 0, end: 10 } })).body.cancel()
      await eventually(() => failed.mock.calls.length).toBe(1)
      await hybrid.close()
      expect(await countFiles(subject.directory)).toBe(0)
      const folder = await openLocalStore({ directory: subject.directory, ...SETUP })
      expect(await folder.multipart.listUploads(key)).toEqual([])
      await folder.close()
    })

    test('many reads from S3 at once bring a few of them here at a time: memory stays bounded', async () => {
      const contents = Array.from({ length: 20 }, (_, i) => someBytes(1000, i + 1))
      const keys = await Promise.all(contents.map((bytes) => contentKey(bytes)))
      for (const [i, key] of keys.entries()) await put(subject.remote, key, contents[i]!)
      const { get } = subject.remote
      const readers = new Set<string>()
      const release = Promise.withResolvers<void>()
      const four = Promise.withResolvers<void>()
      const keeping = vi.fn(() => {
        if (keeping.mock.calls.length === 4) four.resolve()
        return release.promise
      })
      // The first read of a key is its reader's, a second one keeps it.
      vi.spyOn(subject.remote, 'get').mockImplementation(async (key, ...call) => {
        if (readers.has(key)) await keeping()
        readers.add(key)
        return get(key, ...call)
      })
      const hybrid = await subject.open()
      await hybrid.list('')
      await Promise.all(keys.map((key) => bytesOf(hybrid, key)))
      await four.promise
      release.resolve()
      await hybrid.close()
      expect(keeping).toHaveBeenCalledTimes(4)
    })

    test('of what only S3 has, S3 is asked whether it still has it; down, nobody may rely on it', async () => {
      const key = await contentKey(someBytes(1000))
      await put(subject.remote, key, someBytes(1000))
      const hybrid = await subject.open()
      await hybrid.list('')
      expect(await hybrid.head(key)).toMatchObject({ size: 1000, durable: true })
      subject.s3.down = true
      expect(await hybrid.head(key)).toMatchObject({ size: 1000, durable: false })
      subject.s3.down = false
      await subject.remote.delete(key)
      // The first question after an outage may come before the next attempt to connect.
      await eventually(() => hybrid.head(key).catch((error: { code: string }) => error.code)).toBe('not_found')
      expect(await hybrid.exists(key)).toBe(false)
    })

    test('damaged bytes do not reach S3, and health says so', async () => {
      const key = await contentKey(someBytes(10, 1))
      const hybrid = await subject.open()
      await put(hybrid, key, someBytes(10, 2))
      await eventually(async () => (await hybrid.checkHealth()).error).toContain('damaged')
      expect(await hybrid.head(key)).toMatchObject({ durable: false })
      await put(hybrid, 'other', someBytes(10))
      await eventually(() => subject.remote.exists('other')).toBe(true)
      expect(await subject.remote.exists(key)).toBe(false)
    })

    test('a write of what only S3 has is under way: it stays in the list', async () => {
      await put(subject.remote, 'there', someBytes(1000))
      const hybrid = await subject.open()
      await hybrid.list('')
      const refused = new AbortController()
      const body = streamOf(someBytes(10), { end: 'hang' })
      const writing = hybrid.put('there', body, { size: 20, signal: refused.signal })
      expect((await hybrid.list('')).objects).toMatchObject([{ key: 'there', size: 1000 }])
      refused.abort()
      await expect(writing).rejects.toMatchObject({ code: 'aborted' })
      expect((await hybrid.list('')).objects).toMatchObject([{ key: 'there', size: 1000 }])
    })

    describe('a put with ifMatch of an object that only S3 has', () => {
      const OTHER = { code: 'precondition_failed' }
      const openThere = async () => {
        await put(subject.remote, 'there', someBytes(1000))
        const hybrid = await subject.open()
        await hybrid.list('')
        const read = await hybrid.get('there')
        await read.body.cancel()
        const replace = (seed: number, ifMatch = read.info.etag) =>
          hybrid.put('there', someBytes(10, seed), { size: 10, ifMatch })
        return { hybrid, etag: read.info.etag, replace }
      }

      test('replaces that object, and no other', async () => {
        const { hybrid, replace } = await openThere()
        await expect(replace(2, '"another"')).rejects.toMatchObject(OTHER)
        await replace(3)
        await expect(replace(4)).rejects.toMatchObject(OTHER)
        await hasReplicated(hybrid)
        expectBytes(await bytesOf(subject.remote, 'there'), someBytes(10, 3))
      })

      test('lets one of several writers pass', async () => {
        const { replace } = await openThere()
        const ends = await Promise.allSettled([replace(2), replace(3), replace(4)])
        expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      })

      test('is refused when the object is deleted before the last byte arrives', async () => {
        const { hybrid, etag } = await openThere()
        const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>()
        const replacing = Promise.allSettled([hybrid.put('there', readable, { size: 10, ifMatch: etag })])
        const writer = writable.getWriter()
        await writer.write(someBytes(9))
        await hybrid.delete('there')
        await writer.write(someBytes(1))
        await writer.close()
        expect(await replacing).toMatchObject([{ reason: OTHER }])
        await hasReplicated(hybrid)
        for (const side of [hybrid, subject.remote]) expect(await side.exists('there')).toBe(false)
      })

      test('works while S3 is down, unless nothing but its name is known', async () => {
        const { hybrid, replace } = await openThere()
        const { etag } = await put(hybrid, 'evicted', someBytes(1000))
        await hasReplicated(hybrid)
        await hybrid.folder.delete('evicted')
        subject.s3.down = true
        await expect(replace(2)).rejects.toMatchObject({ code: 'unavailable' })
        await hybrid.put('evicted', someBytes(10, 2), { size: 10, ifMatch: etag })
        expectBytes(await bytesOf(hybrid, 'evicted'), someBytes(10, 2))
      })
    })

    test('keeps nothing of the changes that are replicated', async () => {
      const hybrid = await subject.open()
      const replicateMany = async () => {
        for (let i = 0; i < 50; i++) await put(hybrid, 'a', someBytes(10, i))
        await hasReplicated(hybrid)
        return queryObjects(Promise, { format: 'count' })
      }
      const before = await replicateMany()
      expect((await replicateMany()) - before).toBeLessThan(25)
    })

    test('pages hold once what both sides have and what one has, and the last one says so', async () => {
      for (const key of ['s3/a', 's3/b', 's3/c']) await put(subject.remote, key, someBytes(10))
      const hybrid = await subject.open()
      for (const key of ['both/a', 'both/b', 'both/c', 'both/d']) await put(hybrid, key, someBytes(10))
      await hasReplicated(hybrid)
      const pages = async (prefix: string) => {
        const found: string[][] = []
        for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
          const page = await hybrid.list(prefix, { limit: 2, ...(cursor === undefined ? {} : { cursor }) })
          found.push(page.objects.map(({ key }) => key.slice(prefix.length)))
          cursor = page.cursor
        }
        return found
      }
      expect(await pages('both/')).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ])
      expect(await pages('s3/')).toEqual([['a', 'b'], ['c']])
    })

    /** Content that only S3 has, and its fetch, which is held in the folder right before its commit. */
    const openFetching = async (size = 1000) => {
      const bytes = someBytes(size)
      const key = await contentKey(bytes)
      await putInParts(subject.remote, key, bytes)
      const fill = vi.spyOn(Replicator.prototype, 'fill')
      const hybrid = await subject.open()
      await hybrid.list('')
      const [committing, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const { commit } = LocalContents.prototype
      let commits = 0
      vi.spyOn(LocalContents.prototype, 'commit').mockImplementation(async function (this: LocalContents, ...args) {
        // Each part has a commit of its own, then the whole.
        if (commits++ === (size > PART_SIZE ? partCount(size) : 0)) {
          committing.resolve()
          await mayCommit.promise
        }
        return commit.apply(this, args)
      })
      await (await hybrid.get(key)).body.cancel()
      await committing.promise
      const endFetch = async () => {
        mayCommit.resolve()
        await fill.mock.results[0]!.value
      }
      return { hybrid, key, bytes, endFetch }
    }

    test.each([1000, PART_SIZE + 1])('a delete during a fetch from S3 is not undone by it: %i bytes', async (size) => {
      const { hybrid, key, endFetch } = await openFetching(size)
      subject.s3.down = true
      await hybrid.delete(key)
      await endFetch()
      expect(await countFiles(subject.directory)).toBe(0)
      subject.s3.down = false
      await hasReplicated(hybrid)
      for (const side of [hybrid, subject.remote]) expect(await side.exists(key)).toBe(false)
    })

    test.each([1000, PART_SIZE + 1])('a write during a fetch from S3 stays, on both sides: %i bytes', async (size) => {
      const { hybrid, key, bytes, endFetch } = await openFetching(size)
      await hybrid.delete(key)
      await hybrid.put(key, bytes, { size, type: 'image/png' })
      await endFetch()
      await hasReplicated(hybrid)
      for (const side of [hybrid, subject.remote]) {
        expectBytes(await bytesOf(side, key), bytes)
        expect(await side.head(key)).toMatchObject({ type: 'image/png' })
      }
    })

    test('a write during a read from S3 stays, on both sides', async () => {
      const bytes = someBytes(1000)
      const key = await contentKey(bytes)
      await put(subject.remote, key, bytes)
      const [mayRead, mayDelete] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const { get, delete: remove } = subject.remote
      const s3Reads = vi.spyOn(subject.remote, 'get').mockImplementationOnce(async (...args) => {
        const read = await get(...args)
        await mayRead.promise
        return read
      })
      const s3Deletes = vi.spyOn(subject.remote, 'delete').mockImplementationOnce(async (...args) => {
        await mayDelete.promise
        return remove(...args)
      })
      const fill = vi.spyOn(Replicator.prototype, 'fill')
      const hybrid = await subject.open()
      await hybrid.list('')
      const reading = hybrid.get(key)
      await eventually(() => s3Reads.mock.calls.length).toBe(1)
      await hybrid.delete(key)
      await eventually(() => s3Deletes.mock.calls.length).toBe(1)
      await hybrid.put(key, bytes, { size: 1000, type: 'image/png' })
      mayRead.resolve()
      await (await reading).body.cancel()
      // S3 still has the former object.
      await fill.mock.results[0]!.value
      mayDelete.resolve()
      await hasReplicated(hybrid)
      for (const side of [hybrid, subject.remote]) expect(await side.head(key)).toMatchObject({ type: 'image/png' })
    })
  })
}
