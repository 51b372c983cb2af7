import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sha256 } from '@rockpool/protocol'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { ContentFiles } from './content-files.ts'
import { countFiles, SETUP } from './folder.test.shared.ts'
import { type LocalStore, openLocalStore } from './local-store.ts'

const DAY = 24 * 3600 * 1000

let directory: string
let store: LocalStore
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-uploads-'))
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
  store = await openLocalStore({ directory, ...SETUP })
  await store.swept
})
afterEach(async () => {
  await store.close()
  vi.useRealTimers()
  vi.restoreAllMocks()
  await rm(directory, { recursive: true })
})

const begin = async (key: string): Promise<string> => {
  const bytes = someBytes(1000)
  const uploadId = await store.multipart.start(key, { type: 'video/mp4' })
  await store.multipart.putPart(key, uploadId, 1, bytes, { size: 1000, sha256: await sha256(bytes) })
  return uploadId
}

test('an upload that nobody completes goes after 7 days, also while the store stays open', async () => {
  const old = await begin('old')
  vi.advanceTimersByTime(2 * DAY)
  const young = await begin('young')
  vi.advanceTimersByTime(5 * DAY)
  expect(await store.multipart.listUploads('old')).toEqual([old])
  vi.advanceTimersByTime(DAY)
  expect(await store.multipart.listUploads('old')).toEqual([])
  expect(await store.multipart.listUploads('young')).toEqual([young])
  await expect.poll(() => countFiles(directory)).toBe(1)
})

test('a store that is closed looks no more', async () => {
  expect(vi.getTimerCount()).toBe(2)
  await store.close()
  expect(vi.getTimerCount()).toBe(0)
})

test('an upload that is completed while old ones are dropped keeps its parts', async () => {
  const uploads = [await begin('a'), await begin('b')].map((uploadId, i) => ({ key: 'ab'[i]!, uploadId }))
  const gate = Promise.withResolvers<void>()
  const { remove } = ContentFiles.prototype
  const removing = vi.spyOn(ContentFiles.prototype, 'remove').mockImplementation(async function (
    this: ContentFiles,
    files,
  ) {
    if (files.length > 0) await gate.promise
    return remove.call(this, files)
  })
  vi.advanceTimersByTime(8 * DAY)
  await expect.poll(() => removing.mock.calls.some(([files]) => files.length > 0)).toBe(true)
  // One is gone, its files about to be; the other one's turn comes.
  const left = []
  for (const one of uploads) if ((await store.multipart.listUploads(one.key)).length > 0) left.push(one)
  expect(left).toHaveLength(1)
  const { key, uploadId } = left[0]!
  await store.multipart.complete(key, uploadId, await store.multipart.listParts(key, uploadId))
  gate.resolve()
  await expect.poll(() => countFiles(directory)).toBe(1)
  await store.close()
  store = await openLocalStore({ directory, ...SETUP })
  expectBytes(await readAll((await store.get(key)).body), someBytes(1000))
})
