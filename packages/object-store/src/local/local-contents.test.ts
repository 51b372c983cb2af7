/** What is on the disk, and in which order: a commit names only files that a power cut cannot take back. */
import { fstatSync, statSync } from 'node:fs'
import { type FileHandle, mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { countFiles, fileHandles, SETUP } from './folder.test.shared.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

const SIZE = 600_000

let directory: string
let store: LocalStore
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-contents-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await store.close()
  await rm(directory, { recursive: true })
})

const reopen = async () => {
  await store?.close()
  store = await openLocalStore({ directory, ...SETUP })
  await store.swept
}

const put = (key: string, seed = 1) => store.put(key, someBytes(SIZE, seed), { size: SIZE })
const bytesOf = async (key: string) => readAll((await store.get(key)).body)

const putUpload = async (key: string) => {
  const bytes = someBytes(SIZE)
  const uploadId = await store.multipart.start(key, { type: 'video/mp4' })
  await store.multipart.putPart(key, uploadId, 1, bytes, { size: SIZE, sha256: await sha256(bytes) })
}

describe('synced to the disk', () => {
  /** Lets everything happen, and writes down what reaches the disk. */
  const record = () => {
    const events: string[] = []
    const { write, sync } = fileHandles
    const kind = (handle: FileHandle) => (fstatSync(handle.fd).isDirectory() ? 'folder' : 'file')
    vi.spyOn(fileHandles, 'write').mockImplementation(async function (this: FileHandle, ...args: never) {
      const written = await Reflect.apply(write, this, args)
      events.push(`${kind(this)} written`)
      return written
    } as typeof write)
    vi.spyOn(fileHandles, 'sync').mockImplementation(async function (this: FileHandle) {
      const synced = kind(this)
      await Reflect.apply(sync, this, [])
      events.push(`${synced} synced`)
    })
    const { exec } = DatabaseSync.prototype
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
      exec.call(this, sql)
      if (sql === 'COMMIT') events.push('committed')
    })
    return events
  }

  test.for([
    ['a put', put],
    ['a part', putUpload],
  ] as const)('%s: first the bytes, then the name of their file, then the commit', async ([, write]) => {
    await reopen()
    const events = record()
    await write('key')
    const order = events.filter((event, i) => event !== events[i - 1])
    expect(order).toEqual(['file written', 'file synced', 'folder synced', 'committed'])
  })

  test('whole, where a write takes only a beginning', async () => {
    await reopen()
    const { write } = fileHandles
    vi.spyOn(fileHandles, 'write').mockImplementation(async function (this: FileHandle, bytes: Uint8Array, at = 0) {
      return Reflect.apply(write, this, [bytes, at, Math.min(100_000, bytes.length - at)])
    } as typeof write)
    await put('key', 1)
    expectBytes(await bytesOf('key'), someBytes(SIZE, 1))
  })

  test('a new folder: the names of those inside it', async () => {
    const events = record()
    await reopen()
    expect(events).toContain('folder synced')
  })

  test('a folder that was killed before its names were', async () => {
    await reopen()
    const synced: number[] = []
    const { sync } = fileHandles
    vi.spyOn(fileHandles, 'sync').mockImplementation(async function (this: FileHandle) {
      synced.push(fstatSync(this.fd).ino)
      await Reflect.apply(sync, this, [])
    })
    await reopen()
    for (const path of [directory, join(directory, 'contents')]) expect(synced).toContain(statSync(path).ino)
  })

  test('a commit, in the log', async () => {
    const opened = vi.spyOn(DatabaseSync.prototype, 'exec')
    await reopen()
    const database = opened.mock.contexts[0] as DatabaseSync
    const ask = (pragma: string) => Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})
    expect(ask('journal_mode')).toEqual(['wal'])
    // FULL: the log is synced at each commit; NORMAL would only do so now and then (sqlite.org/pragma.html).
    expect(ask('synchronous')).toEqual([2])
  })
})

describe('a commit that fails', () => {
  test('as another writer was first leaves no file', async () => {
    await reopen()
    const once = (seed: number) => store.put('key', someBytes(SIZE, seed), { size: SIZE, ifNoneMatch: '*' })
    const writes = await Promise.allSettled([once(1), once(2)])
    expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(writes).toContainEqual({
      status: 'rejected',
      reason: expect.objectContaining({ code: 'precondition_failed' }),
    })
    expect(await countFiles(directory)).toBe(1)
  })

  const IOERR_FSYNC = 1034
  const FULL = 13

  const failAtCommit = (errcode: number, andYet: 'committed' | 'not committed' = 'not committed') => {
    const { exec } = DatabaseSync.prototype
    const spy = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
      if (sql !== 'COMMIT' || andYet === 'committed') exec.call(this, sql)
      if (sql !== 'COMMIT') return
      spy.mockRestore()
      throw Object.assign(new Error('COMMIT failed'), { code: 'ERR_SQLITE_ERROR', errcode })
    })
  }

  test('and is on the disk all the same finds its files there', async () => {
    await reopen()
    failAtCommit(IOERR_FSYNC, 'committed')
    await expect(put('key')).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'unavailable' })
    await reopen()
    expectBytes(await bytesOf('key'), someBytes(SIZE, 1))
  })

  test('leaves the former object, and a file that the next start sweeps', async () => {
    await reopen()
    await put('key', 1)
    failAtCommit(IOERR_FSYNC)
    await expect(put('key', 2)).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'unavailable' })
    expectBytes(await bytesOf('key'), someBytes(SIZE, 1))
    await reopen()
    expectBytes(await bytesOf('key'), someBytes(SIZE, 1))
    expect(await countFiles(directory)).toBe(1)
  })

  test('on a full disk gives back the room that its file took', async () => {
    await reopen()
    failAtCommit(FULL)
    await expect(put('key')).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'no_space' })
    expect(await store.exists('key')).toBe(false)
    expect(await countFiles(directory)).toBe(0)
  })
})
