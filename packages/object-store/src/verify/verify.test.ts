/** Files that were damaged behind a store's back. */
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { buildRemoteKey, hashContent, PART_SIZE, partCount, partRange, sha256 } from '@rockpool/protocol'
import { ObjectStoreError } from '../errors.ts'
import { bytesOf, hasReplicated } from '../hybrid/hybrid.test.subject.ts'
import { type HybridStore, openHybridStore } from '../hybrid/index.ts'
import { fileHandles, SETUP } from '../local/folder.test.shared.ts'
import { type LocalStore, openLocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, someBytes } from '../testing/bytes.ts'
import { verify, type VerifyProgress } from './verify.ts'

let folder: string
const stores: ObjectStore[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-verify-'))
})
afterEach(async () => {
  for (const store of stores.splice(0).toReversed()) await store.close()
  await rm(folder, { recursive: true })
})

/** Stores content as the signer does. @returns its key */
const putContent = async (to: ObjectStore, size: number, seed: number): Promise<string> => {
  const bytes = someBytes(size, seed)
  const { address, digests } = await hashContent([bytes])
  const key = buildRemoteKey({ storeId: 's', bucket: 'files', address })
  if (size <= PART_SIZE) {
    await to.put(key, bytes, { size })
    return key
  }
  const uploadId = await to.multipart.start(key, { type: 'video/mp4' })
  for (let number = 1; number <= partCount(size); number++) {
    const { start, end } = partRange(size, number)
    const part = bytes.slice(start, end)
    await to.multipart.putPart(key, uploadId, number, part, { size: part.length, sha256: await sha256(part) })
  }
  await to.multipart.complete(key, uploadId, await to.multipart.listParts(key, uploadId))
  await to.put(`${key}.parts`, digests, { size: digests.length })
  return key
}

/** The file that begins with the bytes of this seed. */
const fileOf = async (directory: string, seed: number): Promise<string> => {
  const contents = join(directory, 'contents')
  for (const entry of await readdir(contents, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(path)).subarray(0, 100).equals(someBytes(100, seed))) return path
  }
  throw new Error(`No file begins with the bytes of ${seed}.`)
}
const changeByte = async (file: string) => {
  const handle = await open(file, 'r+')
  await handle.write(new Uint8Array([1, 2, 3]), 0, 3, 50)
  await handle.close()
}

describe('a folder', () => {
  let store: LocalStore
  const directory = () => join(folder, 'store')
  beforeEach(async () => {
    store = await openLocalStore({ directory: directory(), ...SETUP })
    stores.push(store)
  })

  test('stops reading when the store fails', async () => {
    for (let i = 0; i < 20; i++) await store.put(`object-${i}`, someBytes(10, i), { size: 10 })
    let reads = 0
    const failing: LocalStore = {
      ...store,
      get: (key, options) => {
        if (++reads === 1) return Promise.reject(new ObjectStoreError('unavailable', 'The disk failed.'))
        return store.get(key, options)
      },
    }
    await expect(verify(failing)).rejects.toMatchObject({ code: 'unavailable' })
    expect(reads).toBeLessThan(10)
  })

  test.each([false, true])('names a file with a sector that cannot be read, and reads on (heal: %s)', async (heal) => {
    const key = await putContent(store, 1_000, 1)
    for (let seed = 2; seed < 8; seed++) await putContent(store, 1_000, seed)
    const sector = await stat(await fileOf(directory(), 1))
    const { read } = fileHandles
    const reading = vi.spyOn(fileHandles, 'read').mockImplementation(async function (
      this: FileHandle,
      ...args: unknown[]
    ) {
      if ((await this.stat()).ino !== sector.ino) return Reflect.apply(read, this, args)
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
    } as typeof read)
    onTestFinished(() => reading.mockRestore())
    expect(await verify(store, { heal })).toMatchObject({
      checked: 7,
      damaged: [{ key, reason: 'The disk cannot read it.', outcome: heal ? 'set aside' : 'left' }],
    })
  })

  test('names files that were changed or cut, and reports progress', async () => {
    const changed = await putContent(store, 1000, 1)
    const cut = await putContent(store, 1000, 2)
    const changedPart = await putContent(store, PART_SIZE + 1000, 3)
    await putContent(store, PART_SIZE + 1000, 4)
    await store.put('gc/s/1', someBytes(10, 5), { size: 10 })
    await changeByte(await fileOf(directory(), 1))
    await truncate(await fileOf(directory(), 2), 500)
    await changeByte(await fileOf(directory(), 3))
    const steps: VerifyProgress[] = []
    const report = await verify(store, { onProgress: (step) => steps.push(step) })
    expect(report).toMatchObject({ objects: 7, checked: 7, unproven: 0 })
    expect(report.damaged.map(({ key, outcome }) => [key, outcome]).toSorted()).toEqual(
      [changed, cut, changedPart].map((key) => [key, 'left']).toSorted(),
    )
    expect(steps[0]).toMatchObject({ objects: 7, checked: 0 })
    expect(steps.at(-1)).toMatchObject({ checked: 7, checkedBytes: report.bytes, damaged: 3 })
  })

  test('sets damaged content aside: it is missing then, and can be sent again', async () => {
    const key = await putContent(store, 1000, 1)
    await changeByte(await fileOf(directory(), 1))
    expect((await verify(store, { heal: true })).damaged).toMatchObject([{ key, outcome: 'set aside' }])
    expect(await readdir(join(directory(), 'quarantine'))).toHaveLength(1)
    expect(await store.exists(key)).toBe(false)
    await store.put(key, someBytes(1000, 1), { size: 1000, ifNoneMatch: '*' })
    expect((await verify(store)).damaged).toEqual([])
  })

  test('names a digest list that is not that of its content', async () => {
    const key = await putContent(store, PART_SIZE + 1, 1)
    await store.put(`${key}.parts`, someBytes(64, 2), { size: 64 })
    expect((await verify(store)).damaged).toMatchObject([{ key: `${key}.parts` }])
  })

  test('stops when it is told to', async () => {
    await putContent(store, 1000, 1)
    await expect(verify(store, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a hybrid store', () => {
  let remote: LocalStore
  let hybrid: HybridStore
  const directory = () => join(folder, 'store')
  beforeEach(async () => {
    remote = await openLocalStore({ directory: join(folder, 's3'), ...SETUP })
    const connect = async () => ({ ...remote, close: async () => {} })
    hybrid = await openHybridStore({ directory: directory(), ...SETUP, connect })
    stores.push(remote, hybrid)
  })

  test.each([1000, PART_SIZE + 1000])('takes the bytes of a damaged file from S3: %i bytes', async (size) => {
    const [changed, cut] = [await putContent(hybrid, size, 1), await putContent(hybrid, 1000, 2)]
    await hasReplicated(hybrid)
    await changeByte(await fileOf(directory(), 1))
    await truncate(await fileOf(directory(), 2), 500)
    const report = await verify(hybrid, { heal: true })
    expect(report.damaged.map(({ key, outcome }) => [key, outcome]).toSorted()).toEqual(
      [changed, cut].map((key) => [key, 'healed']).toSorted(),
    )
    expect((await verify(hybrid.folder)).damaged).toEqual([])
    expectBytes(await bytesOf(hybrid.folder, changed), someBytes(size, 1))
    expect(await hybrid.head(changed)).toMatchObject({ durable: true })
  })

  test('names what both sides hold damaged, and what only S3 holds', async () => {
    const both = await putContent(hybrid, 1000, 1)
    await hasReplicated(hybrid)
    await changeByte(await fileOf(directory(), 1))
    await changeByte(await fileOf(join(folder, 's3'), 1))
    const onlyS3 = await putContent(hybrid, 1000, 2)
    await hasReplicated(hybrid)
    await hybrid.folder.delete(onlyS3)
    await changeByte(await fileOf(join(folder, 's3'), 2))
    const { damaged } = await verify(hybrid, { heal: true })
    expect(damaged.map(({ key, outcome }) => [key, outcome]).toSorted()).toEqual(
      [
        [both, 'set aside'],
        [onlyS3, 'left'],
      ].toSorted(),
    )
  })
})
