/** A folder whose index is gone, older than the content, or damaged: it does not open, and rebuild brings everything back. */
import { cp, mkdtemp, open as openFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import type { ReadStream } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { buildRemoteKey, hashContent, PART_SIZE, partRange, sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { countFiles, fileHandles, SETUP } from './folder.test.shared.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'
import { rebuild } from './rebuild.ts'

let folder: string
let directory: string
let store: LocalStore | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-rebuild-'))
  directory = join(folder, 'store')
})
afterEach(async () => {
  await close()
  await rm(folder, { recursive: true })
})

const open = async () => {
  store = await openLocalStore({ directory, ...SETUP })
  await store.swept
  return store
}
const close = async () => {
  await store?.close()
  store = undefined
}
const put = async (key: string, seed: number, size = 1000) => {
  await store!.put(key, someBytes(size, seed), { size, type: 'image/png' })
}
const putLarge = async () => {
  const bytes = someBytes(PART_SIZE + 1)
  const { address, digests } = await hashContent([bytes])
  const key = buildRemoteKey({ storeId: 's', bucket: 'files', address })
  const uploadId = await store!.multipart.start(key, { type: 'video/mp4' })
  for (const number of [1, 2]) {
    const { start, end } = partRange(bytes.length, number)
    const part = bytes.slice(start, end)
    const digest = { size: part.length, sha256: await sha256(part) }
    await store!.multipart.putPart(key, uploadId, number, part, digest)
  }
  await store!.multipart.complete(key, uploadId, await store!.multipart.listParts(key, uploadId))
  await store!.put(`${key}.parts`, digests, { size: digests.length })
  return { key, bytes }
}
const bytesOf = async (key: string) => readAll((await store!.get(key)).body)
const removeIndex = async () => {
  for (const end of ['', '-wal', '-shm']) await rm(join(directory, `index.sqlite${end}`), { force: true })
}
/** Saves the index of the closed folder. */
const backup = join.bind(undefined)
const saveIndex = () => cp(join(directory, 'index.sqlite'), backup(folder, 'index.sqlite'))
const restoreIndex = async () => {
  await removeIndex()
  await cp(backup(folder, 'index.sqlite'), join(directory, 'index.sqlite'))
}

test('without its index a folder with content does not open, and rebuild recovers every object', async () => {
  await open()
  await put('a', 1)
  await put('replaced', 2)
  await put('replaced', 3)
  await put('empty', 4, 0)
  const large = await putLarge()
  await put('deleted', 5)
  await store!.delete('deleted')
  await close()
  await removeIndex()
  await expect(open()).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('rockpool-server rebuild'),
  })
  expect(await readdir(directory)).not.toContain('index.sqlite')

  const seen: number[] = []
  const report = await rebuild(directory, { onProgress: ({ files }) => seen.push(files) })
  expect(report).toEqual({ objects: 5, recoveredFiles: 6, lost: [], unnamedFiles: 0 })
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  await open()
  expect((await store!.list('')).objects.map(({ key }) => key)).toEqual(
    ['a', 'empty', 'replaced', large.key, `${large.key}.parts`].toSorted(),
  )
  expect(await store!.head('a')).toMatchObject({ size: 1000, type: 'image/png' })
  expectBytes(await bytesOf('replaced'), someBytes(1000, 3))
  expectBytes(await bytesOf(large.key), large.bytes)
  expect(await store!.head(large.key)).toMatchObject({ type: 'video/mp4', address: large.key.split('/').at(-1) })
})

test('an index older than the content beside it is refused, and rebuild adds what it does not name', async () => {
  await open()
  await put('old', 1)
  await put('changed', 2)
  await close()
  await saveIndex()
  await open()
  await put('new', 3)
  await put('changed', 4)
  await store!.delete('old')
  await close()
  await restoreIndex()
  await expect(open()).rejects.toMatchObject({ code: 'misconfigured', message: expect.stringContaining('older') })

  expect(await rebuild(directory)).toEqual({ objects: 2, recoveredFiles: 2, lost: ['old'], unnamedFiles: 0 })
  await open()
  expectBytes(await bytesOf('new'), someBytes(1000, 3))
  expectBytes(await bytesOf('changed'), someBytes(1000, 4))
})

test('files that an index does not name go to quarantine, not away, and rebuild brings them back', async () => {
  await open()
  await put('old', 1)
  await close()
  await saveIndex()
  await open()
  await put('new', 2)
  await close()
  await restoreIndex()
  // As if index and generation came from one backup.
  await rm(join(directory, 'generation'))
  const quarantined: number[] = []
  store = await openLocalStore({ directory, ...SETUP, onQuarantine: (files) => quarantined.push(files) })
  expect(await store.swept).toEqual({ removed: 0, quarantined: 1 })
  expect(quarantined).toEqual([1])
  expect(await store.exists('new')).toBe(false)
  await close()
  expect(await rebuild(directory)).toMatchObject({ objects: 2, recoveredFiles: 1 })
  await open()
  expectBytes(await bytesOf('new'), someBytes(1000, 2))
})

test('a damaged file is not recovered, and stays', async () => {
  await open()
  await put('a', 1)
  await close()
  const shard = (await readdir(join(directory, 'contents'), { recursive: true })).find((path) => path.length > 3)
  const path = join(directory, 'contents', shard!)
  await removeIndex()
  const handle = await openFile(path, 'r+')
  await handle.write(new Uint8Array([0, 1, 2]), 0, 3, 500)
  await handle.close()
  expect(await rebuild(directory)).toEqual({ objects: 0, recoveredFiles: 0, lost: [], unnamedFiles: 1 })
  await truncate(path, 100)
  expect(await rebuild(directory)).toMatchObject({ objects: 0, unnamedFiles: 1 })
  expect(await countFiles(directory)).toBe(1)
})

test('an index that is not SQLite any more is rebuilt; an open folder, and one without a store, are refused', async () => {
  await open()
  await put('a', 1)
  await expect(rebuild(directory)).rejects.toMatchObject({ code: 'locked' })
  await close()
  await removeIndex()
  await writeFile(join(directory, 'index.sqlite'), 'x'.repeat(8192))
  expect(await rebuild(directory)).toMatchObject({ objects: 1 })
  await expect(rebuild(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'misconfigured' })
})

test('notes about S3 that are not SQLite any more are set aside, so that the next start compares again', async () => {
  await open()
  await put('a', 1)
  await close()
  await writeFile(join(directory, 'hybrid.sqlite'), 'x'.repeat(8192))
  expect(await rebuild(directory)).toMatchObject({ objects: 1 })
  expect(await readdir(directory)).not.toContain('hybrid.sqlite')
  expect(await readdir(join(directory, 'quarantine'))).toContainEqual(expect.stringMatching(/^hybrid-\d+\.sqlite$/))
})

test('a file with a sector that cannot be read is not recovered, and stays', async () => {
  await open()
  await put('a', 1)
  await put('b', 2)
  await close()
  await removeIndex()
  // oxlint-disable-next-line require-yield
  const unreadable = async function* () {
    throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
  }
  const reading = vi
    .spyOn(fileHandles, 'createReadStream')
    .mockImplementationOnce(() => Readable.from(unreadable()) as ReadStream)
  onTestFinished(() => reading.mockRestore())
  expect(await rebuild(directory)).toEqual({ objects: 1, recoveredFiles: 1, lost: [], unnamedFiles: 1 })
})

test('an index without its content is refused: the disk is not mounted', async () => {
  await open()
  await put('a', 1)
  await close()
  await rm(join(directory, 'contents'), { recursive: true })
  await expect(open()).rejects.toMatchObject({ code: 'misconfigured', message: expect.stringContaining('Mount') })
})

test('a minute with a change starts the next generation, one without does not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const grown = Promise.withResolvers<number>()
  const seen: number[] = []
  const onGeneration = (generation: number) => {
    seen.push(generation)
    grown.resolve(generation)
  }
  store = await openLocalStore({ directory, ...SETUP, onGeneration })
  vi.advanceTimersByTime(60_000)
  await put('a', 1)
  vi.advanceTimersByTime(60_000)
  const generation = await grown.promise
  expect(generation).toBe(store.generations.current + 1)
  expect(await readFile(join(directory, 'generation'), 'utf8')).toBe(`${generation}\n`)
  vi.advanceTimersByTime(60_000)
  await close()
  expect(seen).toEqual([generation])
  vi.useRealTimers()
})

test('the log of an index that is gone does not count for the new one', async () => {
  const [index, log] = [join(directory, 'index.sqlite'), join(directory, 'index.sqlite-wal')]
  await open()
  await put('a', 1)
  await close()
  await open()
  await put('gone', 3)
  await store!.delete('gone')
  const former = await readFile(log)
  await put('b', 2)
  await close()
  await rm(index)
  await writeFile(log, former)
  expect(await rebuild(directory)).toMatchObject({ objects: 2, lost: [] })
  await open()
  expectBytes(await bytesOf('a'), someBytes(1000, 1))
  expectBytes(await bytesOf('b'), someBytes(1000, 2))
})
