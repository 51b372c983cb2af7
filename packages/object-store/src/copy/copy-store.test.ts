import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { type LocalStore, openLocalStore } from '../local/index.ts'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { fillStore } from './contents.test.files.ts'
import { copyStore } from './copy-store.ts'

let folder: string
let source: LocalStore
let target: LocalStore
let contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-copy-'))
  source = await openLocalStore({ directory: join(folder, 'source'), ...SETUP })
  target = await openLocalStore({ directory: join(folder, 'target'), ...SETUP })
  contents = await fillStore(source)
})
afterEach(async () => {
  await source.close()
  await target.close()
  await rm(folder, { recursive: true })
})

const expectAll = async () => {
  expect((await target.list('')).objects.map((object) => object.key)).toEqual([...contents.keys()].toSorted())
  for (const [key, bytes] of contents) {
    const { info, body } = await target.get(key)
    expectBytes(await readAll(body), bytes)
    expect(info.type).toBe((await source.head(key)).type)
    expect(info.address).toBe((await source.head(key)).address)
  }
}

test('copies all, with types and addresses; again copies nothing', async () => {
  const first = await copyStore(source, target)
  const bytes = [...contents.values()].reduce((sum, one) => sum + one.length, 0)
  expect(first).toEqual({
    objects: contents.size,
    bytes,
    copied: contents.size,
    copiedBytes: bytes,
    resumed: 0,
    resumedBytes: 0,
    same: 0,
    sameBytes: 0,
    failed: [],
  })
  await expectAll()
  const before = (await target.list('')).objects
  expect(await copyStore(source, target)).toMatchObject({
    copied: 0,
    copiedBytes: 0,
    same: contents.size,
    sameBytes: bytes,
  })
  expect((await target.list('')).objects).toEqual(before)
})

test('stopped after each number of objects and run again: goes on, and ends with all', async () => {
  let copied = 0
  for (let stopAt = 1; copied < contents.size && stopAt < 50; stopAt++) {
    const abort = new AbortController()
    const run = copyStore(source, target, {
      signal: abort.signal,
      onProgress: (progress) => {
        if (progress.copied === 1) abort.abort()
      },
    })
    await run.catch((error: Error) => expect(abort.signal.aborted, error.message).toBe(true))
    const there = (await target.list('')).objects.length
    expect(there).toBeGreaterThanOrEqual(copied)
    copied = there
  }
  await copyStore(source, target)
  await expectAll()
})

test('wrong bytes of the right size in the target are replaced', async () => {
  const [key, bytes] = [...contents].find(([, one]) => one.length === 100_000)!
  await target.put(key, someBytes(100_000, 99), { size: 100_000, type: 'image/png' })
  await target.put('gc/s', someBytes(77, 98), { size: 77, type: 'application/json' })
  expect(await copyStore(source, target)).toMatchObject({ copied: contents.size, same: 0 })
  expectBytes(await readAll((await target.get(key)).body), bytes)
  await expectAll()
})

test('a damaged object of the source is named and not copied; the others are', async () => {
  const damaged = [...contents]
    .filter(([, one]) => one.length === 100_000 || one.length > 10_000_000)
    .map(([key]) => key)
  expect(damaged).toHaveLength(2)
  for (const key of damaged) {
    const bytes = contents.get(key)!.slice()
    bytes[bytes.length - 1]! ^= 1
    await source.put(key, bytes, { size: bytes.length, type: 'image/png' })
  }
  const result = await copyStore(source, target)
  expect(result.copied).toBe(contents.size - 2)
  expect(result.failed.map((one) => one.key).toSorted()).toEqual(damaged.toSorted())
  for (const { key, reason } of result.failed) {
    expect(reason).toContain('damaged')
    expect(await target.exists(key)).toBe(false)
  }
  expect(result.copiedBytes).toBe(result.bytes - damaged.reduce((sum, key) => sum + contents.get(key)!.length, 0))
})
