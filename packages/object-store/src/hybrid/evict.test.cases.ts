/** The folder makes room: it drops what it can have again from S3, and nothing else. */
import { describe, expect, test, vi } from 'vitest'
import { countFiles, SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { LocalContents } from '../local/local-contents.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, someBytes } from '../testing/bytes.ts'
import { ReplicationState } from './replication-state.ts'
import { bytesOf, contentKey, eventually, hasReplicated, hybridSubject, put } from './hybrid.test.subject.ts'

/** @param openRemote gives the S3 side of one test, empty */
export const evictCases = (openRemote: () => Promise<ObjectStore>): void => {
  describe('the folder makes room', () => {
    const subject = hybridSubject(openRemote)

    test('the folder keeps to its size, and never drops what S3 lacks', async () => {
      const s3Reads = vi.spyOn(subject.remote, 'get')
      const hybrid = await subject.open({ cacheSize: 250_000 })
      const contents = Array.from({ length: 10 }, (_, i) => someBytes(100_000, i + 1))
      const keys = await Promise.all(contents.map((bytes) => contentKey(bytes)))
      subject.s3.down = true
      for (const [i, key] of keys.entries()) await put(hybrid, key, contents[i]!)
      for (const [i, key] of keys.entries()) expectBytes(await bytesOf(hybrid, key), contents[i]!)
      subject.s3.down = false
      await hasReplicated(hybrid)
      // Counted on the disk: cutting S3 off to find out would stop the eviction that is waited for.
      const filesHere = () => countFiles(subject.directory)
      await eventually(filesHere).toBe(2)
      for (const [i, key] of keys.entries()) expectBytes(await bytesOf(hybrid, key), contents[i]!)
      // The last one read is kept: it comes from S3 until it is here.
      const askedOfS3 = async () => {
        s3Reads.mockClear()
        expectBytes(await bytesOf(hybrid, keys.at(-1)!), contents.at(-1)!)
        return s3Reads.mock.calls.length
      }
      await eventually(askedOfS3).toBe(0)
      await eventually(filesHere).toBe(2)
      expect((await hybrid.list('s/')).objects).toHaveLength(10)
    })

    test('what is dropped while it is opened stays in the list', async () => {
      const bytes = someBytes(1000)
      const key = await contentKey(bytes)
      subject.s3.down = true
      const s3Reads = vi.spyOn(subject.remote, 'get')
      const hybrid = await subject.open({ cacheSize: 900 })
      await put(hybrid, key, bytes)
      const dropped = Promise.withResolvers<void>()
      const { read } = LocalContents.prototype
      const opening = vi.spyOn(LocalContents.prototype, 'read').mockImplementationOnce(async function (
        this: LocalContents,
        ...args
      ) {
        const stream = await read.apply(this, args)
        await dropped.promise
        return stream
      })
      const reader = bytesOf(hybrid, key)
      await eventually(() => opening.mock.calls.length).toBe(1)
      subject.s3.down = false
      // Without the folder's copy, it comes from S3.
      await eventually(async () => {
        expectBytes(await bytesOf(hybrid, key), bytes)
        return s3Reads.mock.calls.length
      }).toBeGreaterThan(0)
      dropped.resolve()
      expectBytes(await reader, bytes)
      opening.mockRestore()
      expect((await hybrid.list('')).objects.map((object) => object.key)).toEqual([key])
    })

    test('what S3 has lost is sent again, not dropped', async () => {
      const hybrid = await subject.open({ cacheSize: 1000 })
      await put(hybrid, 'a', someBytes(900, 1))
      await hasReplicated(hybrid)
      await subject.remote.delete('a')
      await put(hybrid, 'b', someBytes(900, 2))
      await eventually(() => subject.remote.exists('a')).toBe(true)
      expectBytes(await bytesOf(hybrid, 'a'), someBytes(900, 1))
    })

    test('killed while it drops an object, it still lists and reads it, and goes on dropping', async () => {
      const contents = Array.from({ length: 3 }, (_, i) => someBytes(1000, i + 1))
      const keys = await Promise.all(contents.map((bytes) => contentKey(bytes)))
      const before = await subject.open()
      for (const [i, key] of keys.entries()) await put(before, key, contents[i]!)
      await hasReplicated(before)
      await before.close()
      // The file is gone, the note of it is not.
      const folder = await openLocalStore({ directory: subject.directory, ...SETUP })
      await folder.delete(keys[0]!)
      await folder.close()
      const hybrid = await subject.open({ cacheSize: 999 })
      const listed = async () => (await hybrid.list('')).objects.map((object) => object.key)
      expect(await listed()).toEqual(keys.toSorted())
      await eventually(() => countFiles(subject.directory)).toBe(0)
      expect(await listed()).toEqual(keys.toSorted())
      for (const [i, key] of keys.entries()) expectBytes(await bytesOf(hybrid, key), contents[i]!)
    })

    test('what was read lately stays', async () => {
      const hybrid = await subject.open({ cacheSize: 2000 })
      const { now } = Date
      let minutes = 0
      vi.spyOn(Date, 'now').mockImplementation(() => now() + minutes * 60_000)
      for (const key of ['read', 'unread']) {
        await put(hybrid, key, someBytes(900))
        await hasReplicated(hybrid)
        minutes += 2
      }
      await bytesOf(hybrid, 'read')
      await put(hybrid, 'new', someBytes(900))
      await eventually(() => countFiles(subject.directory)).toBe(2)
      subject.s3.down = true
      expectBytes(await bytesOf(hybrid, 'read'), someBytes(900))
      await expect(hybrid.get('unread')).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('what neither side has any more leaves the list', async () => {
      const before = await subject.open()
      await put(before, 'lost', someBytes(1000))
      await hasReplicated(before)
      await before.close()
      const folder = await openLocalStore({ directory: subject.directory, ...SETUP })
      await folder.delete('lost')
      await folder.close()
      await subject.remote.delete('lost')
      const hybrid = await subject.open({ cacheSize: 999 })
      await eventually(async () => (await hybrid.list('')).objects).toEqual([])
    })
  })

  describe('dropping meets a write', () => {
    const subject = hybridSubject(openRemote)
    const [FORMER, WRITTEN] = [someBytes(900, 1), someBytes(900, 2)]

    /** S3 has `old`, and is held when it is asked whether it does: then `old` is about to be dropped. */
    const openHeld = async () => {
      const [asked, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const { exists } = subject.remote
      vi.spyOn(subject.remote, 'exists').mockImplementation(async (key, call) => {
        if (key === 'old') {
          asked.resolve()
          await mayAnswer.promise
        }
        return exists(key, call)
      })
      const hybrid = await subject.open({ cacheSize: 1000 })
      await put(hybrid, 'old', FORMER)
      await hasReplicated(hybrid)
      return { hybrid, asked: asked.promise, answer: mayAnswer.resolve }
    }

    const expectWritten = async (hybrid: ObjectStore) => {
      // Nothing comes from S3, and nothing more is dropped.
      expectBytes(await bytesOf(hybrid, 'old'), WRITTEN)
      subject.s3.down = false
      await hasReplicated(hybrid)
      expectBytes(await bytesOf(subject.remote, 'old'), WRITTEN)
      expectBytes(await bytesOf(hybrid, 'old'), WRITTEN)
    }

    test('that comes then: it waits', async () => {
      const { hybrid, asked, answer } = await openHeld()
      await put(hybrid, 'new', someBytes(900, 3))
      await asked
      subject.s3.down = true
      const writing = put(hybrid, 'old', WRITTEN)
      // Time in which it would be written.
      for (let i = 0; i < 5; i++) await put(hybrid, 'new', someBytes(900, 4 + i))
      answer()
      await writing
      await expectWritten(hybrid)
    })

    test('a delete that waits for it past its deadline deletes nothing', async () => {
      const { hybrid, asked, answer } = await openHeld()
      await put(hybrid, 'new', someBytes(900, 3))
      await asked
      const before = performance.now() + 60_000
      const deleting = hybrid.delete('old', { before })
      const clock = vi.spyOn(performance, 'now').mockReturnValue(before)
      answer()
      await expect(deleting).rejects.toMatchObject({ code: 'unavailable' })
      clock.mockRestore()
      await hasReplicated(hybrid)
      expectBytes(await bytesOf(subject.remote, 'old'), FORMER)
      expectBytes(await bytesOf(hybrid, 'old'), FORMER)
    })

    test('that came just before: another object is dropped', async () => {
      const { hybrid, answer } = await openHeld()
      const written = Promise.withResolvers<void>()
      const { bytesHere } = ReplicationState.prototype
      const choosing = vi.spyOn(ReplicationState.prototype, 'bytesHere').mockImplementation(function (
        this: ReplicationState,
      ) {
        const bytes = bytesHere.call(this)
        if (bytes > 1000) {
          choosing.mockRestore()
          put(hybrid, 'old', WRITTEN).then(() => written.resolve(), written.reject)
        }
        return bytes
      })
      await put(hybrid, 'new', someBytes(900, 3))
      await written.promise
      subject.s3.down = true
      answer()
      await expectWritten(hybrid)
    })
  })
}
