/** A full disk: nothing half-written, an error that says so, and once there is room all goes on. */
import fs, { type FileHandle, mkdtemp, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes, streamOf } from '../testing/bytes.ts'
import { countFiles, fileHandles, SETUP } from './folder.test.shared.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

const SIZE = 600_000
const NO_SPACE = { name: 'ObjectStoreError', code: 'no_space' }

let directory: string
let store: LocalStore
let database: DatabaseSync
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-no-space-'))
  const opened = vi.spyOn(DatabaseSync.prototype, 'exec')
  store = await openLocalStore({ directory, ...SETUP })
  database = opened.mock.contexts[0] as DatabaseSync
  opened.mockRestore()
  await store.swept
  await put('former', 1)
})
afterEach(async () => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
  await store.close()
  await rm(directory, { recursive: true })
})

const put = (key: string, seed: number) => store.put(key, streamOf(someBytes(SIZE, seed)), { size: SIZE })

const putPart = async (key: string, uploadId: string, number: number) => {
  const bytes = someBytes(SIZE, number)
  await store.multipart.putPart(key, uploadId, number, streamOf(bytes), { size: SIZE, sha256: await sha256(bytes) })
}

/** The disk has room for so many more bytes; a write that meets the end takes a beginning, as write(2) says. */
const limitDisk = (room: number) => {
  const { write, sync } = fileHandles
  const full = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const writing = vi.spyOn(fileHandles, 'write').mockImplementation(async function (
    this: FileHandle,
    bytes: Uint8Array,
    at = 0,
  ) {
    if (room === 0) throw full()
    const { bytesWritten } = await Reflect.apply(write, this, [bytes, at, Math.min(room, bytes.length - at)])
    room -= bytesWritten
    return { bytesWritten, buffer: bytes }
  } as typeof write)
  // Where the file system finds room only then (ext4's delayed allocation, NFS).
  const syncing = vi.spyOn(fileHandles, 'sync').mockImplementation(async function (this: FileHandle) {
    if (room === 0) throw full()
    return Reflect.apply(sync, this, [])
  })
  return () => {
    writing.mockRestore()
    syncing.mockRestore()
  }
}

test.for([
  ['at its first byte', 0],
  ['in its midst', 250_001],
  ['when it is synced', SIZE],
] as const)('full while a file is written, %s', async ([, room]) => {
  const uploadId = await store.multipart.start('upload', { type: 'video/mp4' })
  await putPart('upload', uploadId, 1)
  for (const write of [() => put('former', 2), () => put('new', 2), () => putPart('upload', uploadId, 2)]) {
    const makeRoom = limitDisk(room)
    await expect(write()).rejects.toMatchObject(NO_SPACE)
    makeRoom()
    expect(await countFiles(directory)).toBe(2)
  }
  expectBytes(await readAll((await store.get('former')).body), someBytes(SIZE, 1))
  expect(await store.exists('new')).toBe(false)
  expect((await store.multipart.listParts('upload', uploadId)).map((part) => part.number)).toEqual([1])

  await put('new', 2)
  expectBytes(await readAll((await store.get('new')).body), someBytes(SIZE, 2))
  await putPart('upload', uploadId, 2)
  await store.multipart.complete('upload', uploadId, await store.multipart.listParts('upload', uploadId))
  expect(await store.head('upload')).toMatchObject({ size: 2 * SIZE })
})

describe('64 MiB are left to the databases', () => {
  const DISK_HEADROOM = 64 * 1024 * 1024
  let room: number
  beforeEach(async () => {
    const stats = await fs.statfs(directory)
    vi.spyOn(fs, 'statfs').mockImplementation(async () => ({ ...stats, bsize: 1, bavail: room }) as never)
    syncBuiltinESMExports()
  })

  test('objects can still be deleted, to make room', async () => {
    room = DISK_HEADROOM + SIZE - 1
    expect(await store.checkHealth()).not.toHaveProperty('error')
    await expect(put('new', 2)).rejects.toMatchObject(NO_SPACE)
    expect(await countFiles(directory)).toBe(1)
    room = DISK_HEADROOM - 1
    // Readers are served.
    expect(await store.checkHealth()).toMatchObject({
      ok: true,
      full: true,
      error: expect.stringContaining('Free some space'),
    })
    await store.delete('former')
    expect(await countFiles(directory)).toBe(0)
    room = DISK_HEADROOM + SIZE
    await put('new', 2)
    expect(await store.checkHealth()).not.toHaveProperty('full')
  })

  test('by writes at once, too: each counts on the room that it was promised', async () => {
    const HALF = SIZE / 2
    const halfWritten = Promise.withResolvers<void>()
    let pulls = 0
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull(controller) {
          if (pulls++ === 0) return controller.enqueue(someBytes(HALF))
          room -= HALF
          halfWritten.resolve()
          return new Promise<void>(() => {})
        },
      },
      { highWaterMark: 0 },
    )
    const givenUp = new AbortController()
    room = DISK_HEADROOM + 2 * SIZE - 1
    const writing = Promise.allSettled([
      store.put('slow', body, { size: SIZE, signal: givenUp.signal }),
      // At the same moment.
      put('new', 2),
    ])
    await halfWritten.promise
    await expect(put('new', 2)).rejects.toMatchObject(NO_SPACE)
    room += 1
    await put('new', 2)
    givenUp.abort()
    expect(await writing).toMatchObject([{ reason: { code: 'aborted' } }, { reason: NO_SPACE }])
    room = DISK_HEADROOM + SIZE
    await put('new', 3)
  })
})

test('full when the database needs another page', async () => {
  const pages = database.prepare('PRAGMA page_count').get()!.page_count as number
  database.exec(`PRAGMA max_page_count = ${pages + 20}`)
  const long = (i: number) => `${'k'.repeat(1000)}/${i}`
  let stored = 0
  const putNext = () => store.put(long(stored), someBytes(10, stored), { size: 10 })
  const copyNext = () => store.copy('former', long(stored))
  const startNext = () => store.multipart.start(long(stored), { type: 'video/mp4' })
  for (const write of [putNext, copyNext, startNext]) {
    const untilFull = async () => {
      for (; ; stored++) await write()
    }
    await expect(untilFull()).rejects.toMatchObject(NO_SPACE)
    expect(await store.exists(long(stored))).toBe(false)
  }
  const { objects } = await store.list('')
  expect(await countFiles(directory)).toBe(objects.filter(({ size }) => size === 10).length + 1)
  expectBytes(await readAll((await store.get('former')).body), someBytes(SIZE, 1))

  // Deleting makes room, in the database too.
  for (let i = 0; i < stored; i++) await store.delete(long(i))
  await putNext()
  expectBytes(await readAll((await store.get(long(stored))).body), someBytes(10, stored))
})
