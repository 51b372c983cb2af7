/** Importing from the real folder, as livestore-filesync 0.8.0 lays it out, into the real blob store and index. */
import { type BlobStore, createPool, type LegacyFolder } from '@rockpool/core'
import { memoryRecordLog, memorySigner, memorySyncBackend } from '@rockpool/core/memory'
import { oldFileEvents } from '@rockpool/core/testing'
import { PART_SIZE, sha256, toHex } from '@rockpool/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { opfsBlobStore } from '../blob-store/opfs-blob-store.ts'
import { indexedDbIndex } from '../index/indexed-db-index.ts'
import { legacyFolder } from './legacy-folder.ts'

const ROOT = 'livestore-filesync-files'

const folderOf = async (names: readonly string[]): Promise<FileSystemDirectoryHandle> => {
  let folder = await navigator.storage.getDirectory()
  for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true })
  return folder
}

const write = async (folder: FileSystemDirectoryHandle, name: string, bytes: BlobPart): Promise<void> => {
  const sink = await (await folder.getFileHandle(name, { create: true })).createWritable()
  await sink.write(new Blob([bytes]))
  await sink.close()
}

const namesIn = async (folder: FileSystemDirectoryHandle): Promise<string[]> => {
  const names: string[] = []
  for await (const name of folder.keys()) names.push(name)
  return names.toSorted()
}

/** A store whose old app ran in this browser, and which a new one opens. */
const oldStore = async (baseDirectory?: string) => {
  const storeId = `test-${crypto.randomUUID()}`
  const path = [...(baseDirectory?.split('/') ?? []), ROOT, storeId]
  const folder = await folderOf(path)
  const backend = memorySyncBackend()
  const log = memoryRecordLog({ storeId, backend, device: 'new' })
  onTestFinished(async () => (await folderOf(path.slice(0, -1))).removeEntry(storeId, { recursive: true }))

  const addOld = async (id: string, bytes: Uint8Array<ArrayBuffer>, type = 'image/png') => {
    const hash = toHex(await sha256(bytes))
    await write(folder, hash, bytes)
    await write(folder, `${hash}.meta.json`, JSON.stringify({ type, lastModified: 1 }))
    log.append(oldFileEvents(storeId, { id, hash }))
    return hash
  }
  const open = async (over: Partial<BlobStore> = {}) => {
    const { signer, fetch } = memorySigner()
    const [blobs, index] = [await opfsBlobStore({ storeId }), await indexedDbIndex({ storeId })]
    const pool = await createPool({
      log: memoryRecordLog({ storeId, backend, device: 'new' }),
      blobs: { ...blobs, ...over },
      index,
      signer,
      fetch,
    })
    onTestFinished(async () => {
      await pool.close()
      await Promise.all([blobs.erase(), index.erase()])
    })
    return pool
  }
  const options = baseDirectory === undefined ? { storeId } : { storeId, baseDirectory }
  return { folder, addOld, open, legacy: legacyFolder(options) }
}

const someBytes = (size: number) => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i += 4096) bytes[i] = i >> 12
  return bytes
}

test('imports files of one part and of several, and removes them when asked', async () => {
  const { folder, addOld, open, legacy } = await oldStore()
  const contents = { small: someBytes(100_000), large: someBytes(2 * PART_SIZE + 1), empty: someBytes(0) }
  for (const [id, bytes] of Object.entries(contents)) await addOld(id, bytes)
  const pool = await open()
  expect(await pool.importLegacy(legacy)).toMatchObject({ imported: 3, failed: [], missing: [] })
  expect(await namesIn(folder)).toHaveLength(6)
  expect(await pool.importLegacy(legacy, { removeImported: true })).toMatchObject({ imported: 3, failed: [] })
  expect(await namesIn(folder)).toEqual([])
  for (const [id, bytes] of Object.entries(contents)) {
    expect(await sha256(await (await pool.open(id)).arrayBuffer())).toEqual(await sha256(bytes))
  }
  expect(pool.files.get('large')).toMatchObject({ type: 'image/png', size: 2 * PART_SIZE + 1 })
})

test('moves files of one part, and copies none, when their old files may go', async () => {
  const { folder, addOld, open, legacy } = await oldStore()
  const contents = { small: someBytes(100_000), whole: someBytes(PART_SIZE), empty: someBytes(0) }
  for (const [id, bytes] of Object.entries(contents)) await addOld(id, bytes)
  const pool = await open({ writePart: () => Promise.reject(new Error('It was copied.')) })
  expect(await pool.importLegacy(legacy, { removeImported: true })).toMatchObject({ imported: 3, failed: [] })
  expect(await namesIn(folder)).toEqual([])
  for (const [id, bytes] of Object.entries(contents)) {
    expect(await sha256(await (await pool.open(id)).arrayBuffer())).toEqual(await sha256(bytes))
  }
})

test('copies a file that the old app has open', async () => {
  const { folder, addOld, open, legacy } = await oldStore()
  const hash = await addOld('a', someBytes(10))
  const sink = await (await folder.getFileHandle(hash)).createWritable({ keepExistingData: true })
  const pool = await open()
  const report = await pool.importLegacy(legacy, { removeImported: true })
  expect((await pool.open('a')).size).toBe(10)
  await sink.abort()
  expect(report.damaged).toEqual([])
  expect(await pool.importLegacy(legacy, { removeImported: true })).toMatchObject({ failed: [], missing: [] })
  expect(await namesIn(folder)).toEqual([])
})

test('leaves bytes that changed on disk, and reports them', async () => {
  const { folder, addOld, open, legacy } = await oldStore()
  const hash = await addOld('a', someBytes(PART_SIZE + 1))
  await write(folder, hash, someBytes(PART_SIZE + 2))
  await write(folder, `${hash}.meta.json`, '{"type":')
  const pool = await open()
  const report = await pool.importLegacy(legacy, { removeImported: true })
  expect(report).toMatchObject({ imported: 0, damaged: [hash], missing: [{ id: 'a' }] })
  expect(await namesIn(folder)).toEqual([hash, `${hash}.meta.json`])
  expect(await pool.blobs.list()).toEqual([])
})

test('finds the folder below the base directory of the old app, and no files where there is no folder', async () => {
  const { addOld, open, legacy } = await oldStore('app/data')
  const hash = await addOld('a', someBytes(10))
  expect(await legacy.hashes()).toEqual([hash])
  const pool = await open()
  expect(await pool.importLegacy(legacyFolder({ storeId: pool.storeId }))).toMatchObject({ imported: 0, failed: [] })
  expect(await pool.importLegacy(legacy)).toMatchObject({ imported: 1 })
})

test('lists no bytes that the old app is still writing', async () => {
  const { folder, addOld, legacy } = await oldStore()
  const hash = await addOld('a', someBytes(10))
  const sink = await (await folder.getFileHandle(hash)).createWritable()
  await sink.write('half')
  expect(await namesIn(folder)).toContain(`${hash}.crswap`)
  expect(await legacy.hashes()).toEqual([hash])
  await sink.close()
})

test('goes on where an import was stopped', async () => {
  const { addOld, open, legacy } = await oldStore()
  for (const size of [1, 2, PART_SIZE + 1, PART_SIZE + 2]) await addOld(`${size}`, someBytes(size))
  const stop = new AbortController()
  const stopping: LegacyFolder = {
    ...legacy,
    async open(hash) {
      const file = await legacy.open(hash)
      if (file && file.blob.size > PART_SIZE) stop.abort()
      return file
    },
  }
  const pool = await open()
  const stopped = pool.importLegacy(stopping, { removeImported: true, signal: stop.signal })
  await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
  await pool.close()
  const next = await open()
  expect(await next.importLegacy(legacy, { removeImported: true })).toMatchObject({ failed: [], missing: [] })
  for (const size of [1, 2, PART_SIZE + 1, PART_SIZE + 2]) expect((await next.open(`${size}`)).size).toBe(size)
  expect(await legacy.hashes()).toEqual([])
})
