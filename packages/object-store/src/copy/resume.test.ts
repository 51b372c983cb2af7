/** What an interrupted copy has left in the target is used as far as it is right, and no further. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildRemoteKey, hashContent, PART_SIZE, sha256 } from '@rockpool/protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SETUP } from '../local/folder.test.shared.ts'
import { type LocalStore, openLocalStore } from '../local/index.ts'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, readAll, someBytes } from '../testing/bytes.ts'
import { copyStore } from './copy-store.ts'

const TYPE = 'video/mp4'
const BYTES = someBytes(3 * PART_SIZE + 5, 21)
const partOf = (number: number, bytes = BYTES) => bytes.slice((number - 1) * PART_SIZE, number * PART_SIZE)

let folder: string
let source: LocalStore
let target: LocalStore
let key: string
let digests: Uint8Array<ArrayBuffer>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-resume-'))
  source = await openLocalStore({ directory: join(folder, 'source'), ...SETUP })
  target = await openLocalStore({ directory: join(folder, 'target'), ...SETUP })
  const content = await hashContent([BYTES])
  digests = content.digests
  key = buildRemoteKey({ storeId: 's', bucket: 'files', address: content.address })
  await source.put(key, BYTES, { size: BYTES.length, type: TYPE })
  await source.put(`${key}.parts`, digests, { size: digests.length })
})
afterEach(async () => {
  await source.close()
  await target.close()
  await rm(folder, { recursive: true })
})

/** An upload in the target with these parts: bytes by number. */
const leave = async (parts: Readonly<Record<number, Uint8Array<ArrayBuffer>>>, of = key, type = TYPE) => {
  const uploadId = await target.multipart.start(of, { type })
  for (const [number, bytes] of Object.entries(parts)) await putPart(uploadId, Number(number), bytes, of)
  return uploadId
}

const putPart = async (uploadId: string, number: number, bytes: Uint8Array<ArrayBuffer>, of = key) =>
  target.multipart.putPart(of, uploadId, number, bytes, { size: bytes.length, sha256: await sha256(bytes) })

/** A store that notes which parts it is sent, and which it is asked for. */
const watched = (store: ObjectStore, notes: string[]): ObjectStore => ({
  ...store,
  get: (of, options) => {
    const range = options?.range
    if (!of.endsWith('.parts') && range && 'start' in range) notes.push(`get ${range.start / PART_SIZE + 1}`)
    return store.get(of, options)
  },
  multipart: {
    ...store.multipart,
    putPart: (of, uploadId, number, ...rest) => {
      notes.push(`put ${number}`)
      return store.multipart.putPart(of, uploadId, number, ...rest)
    },
  },
})

const copyWatched = async () => {
  const notes: string[] = []
  const result = await copyStore(watched(source, notes), watched(target, notes))
  return { result, notes: notes.toSorted() }
}

const expectCopied = async (bytes = BYTES, of = key) => {
  const { info, body } = await target.get(of)
  expectBytes(await readAll(body), bytes)
  expect(info.type).toBe(TYPE)
}

test('a part whose SHA-256 is in the digest list is neither sent nor read', async () => {
  const uploadId = await leave({ 1: partOf(1), 3: partOf(3) })
  await leave({ 2: partOf(2) })
  const { result, notes } = await copyWatched()
  expect(notes).toEqual(['get 2', 'get 4', 'put 2', 'put 4'])
  expect(result).toMatchObject({ copied: 2, resumed: 1, resumedBytes: 2 * PART_SIZE, failed: [] })
  expect(result.copiedBytes).toBe(result.bytes)
  await expectCopied()
  expect(await target.multipart.listUploads(key)).not.toContain(uploadId)
})

test.for([
  ['other bytes', () => someBytes(PART_SIZE, 77)],
  ['fewer bytes', () => partOf(2).slice(1)],
  ['the bytes of another part', () => partOf(1)],
] as const)('a part with %s is sent again', async ([, wrong]) => {
  await leave({ 1: partOf(1), 2: wrong(), 4: partOf(4) })
  const { result, notes } = await copyWatched()
  expect(notes.filter((note) => note.startsWith('put'))).toEqual(['put 2', 'put 3'])
  expect(result).toMatchObject({ resumed: 1, resumedBytes: PART_SIZE + 5, failed: [] })
  await expectCopied()
})

test('an upload with a part behind the last is left alone, and so is one of another key', async () => {
  const open = [await leave({ 1: partOf(1), 5: someBytes(9) })]
  const other = await leave({ 1: partOf(1) }, `${key}-other`)
  expect((await copyWatched()).result).toMatchObject({ copied: 2, resumed: 0, resumedBytes: 0 })
  await expectCopied()
  expect(await target.multipart.listUploads(key)).toEqual(open)
  expect(await target.multipart.listUploads(`${key}-other`)).toEqual([other])
})

test('the source was replaced in between: what is still the same is not sent, all else is', async () => {
  for (const size of [BYTES.length, BYTES.length + PART_SIZE, BYTES.length - PART_SIZE]) {
    const backup = `backup-${size}`
    const changed = someBytes(size, 22)
    changed.set(partOf(2), PART_SIZE)
    await source.put(backup, changed, { size, type: TYPE })
    await leave({ 1: partOf(1), 2: partOf(2), 3: partOf(3) }, backup)
  }
  // The digest list of the content that is copied beside is none of theirs.
  await source.delete(key)
  expect((await copyWatched()).result).toMatchObject({ copied: 4, resumed: 3, resumedBytes: 3 * PART_SIZE, failed: [] })
  for (const { key: backup } of (await source.list('backup-')).objects) {
    await expectCopied(await readAll((await source.get(backup)).body), backup)
  }
})

/** Where S3 keeps no SHA-256, the signer completes a device's upload by the numbers and lengths of its parts. */
test('a damaged source: what is found is not spoilt by wrong bytes, with a digest list or without', async () => {
  const bytes = BYTES.slice()
  bytes[PART_SIZE]! ^= 1
  await source.put(key, bytes, { size: bytes.length, type: TYPE })
  const uploadId = await leave({ 1: partOf(1) })
  for (const list of ['there', 'lost']) {
    if (list === 'lost') await source.delete(`${key}.parts`)
    const { failed, resumed, resumedBytes } = await copyStore(source, target)
    expect([list, failed]).toEqual([list, [{ key, reason: expect.stringContaining('damaged') }]])
    expect([resumed, resumedBytes]).toEqual([0, 0])
    expect(await target.exists(key)).toBe(false)
    expect(await target.multipart.listUploads(key)).toEqual([uploadId])
    for (const { number, sha256: digest } of await target.multipart.listParts(key, uploadId)) {
      expectBytes(digest!, await sha256(partOf(number)))
    }
  }
})

test('a digest list that does not hash to the address counts for nothing', async () => {
  const wrong = someBytes(PART_SIZE, 5)
  const list = digests.slice()
  list.set(await sha256(wrong))
  await source.put(`${key}.parts`, list, { size: list.length })
  await leave({ 1: wrong })
  expect((await copyWatched()).result.resumed).toBe(0)
  await expectCopied()
})

test.for([
  ['replaced', 1],
  ['added', 5],
] as const)('a part that is %s after it was checked does not get into the object', async ([, number]) => {
  await leave({ 1: partOf(1), 2: partOf(2) })
  let once = false
  const meddled: ObjectStore = {
    ...target,
    multipart: {
      ...target.multipart,
      listParts: async (of, uploadId, call) => {
        const parts = await target.multipart.listParts(of, uploadId, call)
        if (once || parts.length < 4) return parts
        once = true
        await putPart(uploadId, number, someBytes(PART_SIZE, 66))
        return target.multipart.listParts(of, uploadId, call)
      },
    },
  }
  const { failed } = await copyStore(source, meddled)
  expect(failed).toEqual([{ key, reason: expect.stringContaining('Another client') }])
  expect(await target.exists(key)).toBe(false)
  expect((await copyStore(source, meddled)).failed).toEqual([])
  await expectCopied()
})

test('an upload that was started with another type: told, and right at the next run', async () => {
  await leave({ 1: partOf(1) }, key, 'image/png')
  const { failed } = await copyStore(source, target)
  expect(failed).toEqual([{ key, reason: expect.stringContaining('another type') }])
  expect(await copyStore(source, target)).toMatchObject({ copied: 1, same: 1, failed: [] })
  await expectCopied()
})

test('where uploads cannot be listed, all is sent', async () => {
  await leave({ 1: partOf(1) })
  const refused = () => Promise.reject(new Error('AccessDenied'))
  const result = await copyStore(source, { ...target, multipart: { ...target.multipart, listUploads: refused } })
  expect(result).toMatchObject({ copied: 2, resumed: 0, failed: [] })
  await expectCopied()
})
