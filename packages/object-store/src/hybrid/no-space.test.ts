/** A full disk under the notes of what S3 lacks. */
import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test, vi } from 'vitest'
import { countFiles, SETUP } from '../local/folder.test.shared.ts'
import { openLocalStore } from '../local/index.ts'
import { expectBytes, someBytes } from '../testing/bytes.ts'
import { bytesOf, hasReplicated, hybridSubject, newFolder, put } from './hybrid.test.subject.ts'

const NO_SPACE = { name: 'ObjectStoreError', code: 'no_space' }

const folders: string[] = []
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))))

const subject = hybridSubject(async () => {
  folders.push(await newFolder())
  return openLocalStore({ directory: folders[0]!, ...SETUP })
})

/** Opens the store, and gives the connection of its notes too. */
const openWithNotes = async () => {
  const opened = vi.spyOn(DatabaseSync.prototype, 'exec')
  const hybrid = await subject.open()
  const notes = (opened.mock.contexts as DatabaseSync[]).find((one) => one.location()?.endsWith('hybrid.sqlite'))!
  opened.mockRestore()
  await hybrid.list('')
  return { hybrid, notes }
}

test('a change that cannot be noted is refused, and not made', async () => {
  const { hybrid, notes } = await openWithNotes()
  await put(hybrid, 'former', someBytes(1000))
  await hasReplicated(hybrid)
  const pages = notes.prepare('PRAGMA page_count').get()!.page_count as number
  notes.exec(`PRAGMA max_page_count = ${pages + 8}`)
  subject.s3.down = true
  let stored = 0
  const long = () => `${'k'.repeat(1000)}/${stored}`
  const untilFull = async () => {
    for (; ; stored++) await put(hybrid, long(), someBytes(10))
  }
  await expect(untilFull()).rejects.toMatchObject(NO_SPACE)
  await expect(hybrid.copy('former', long())).rejects.toMatchObject(NO_SPACE)
  expect(await countFiles(subject.directory)).toBe(1 + stored)
  expect(await hybrid.exists(long())).toBe(false)
  expectBytes(await bytesOf(hybrid, 'former'), someBytes(1000))

  notes.exec(`PRAGMA max_page_count = ${pages * 100}`)
  subject.s3.down = false
  await put(hybrid, long(), someBytes(10))
  await hasReplicated(hybrid)
  expectBytes(await bytesOf(subject.remote, long()), someBytes(10))
})

test('what can be read is read, though nothing can be noted', async () => {
  const bytes = someBytes(1000)
  for (const key of ['there', 'lost']) await put(subject.remote, key, bytes)
  const { hybrid, notes } = await openWithNotes()
  await put(hybrid, 'here', bytes)
  await hasReplicated(hybrid)
  // Also of what is not here: as a kill while it was dropped leaves it.
  notes.exec('UPDATE remote SET lastUsed = 0; PRAGMA query_only = 1')
  for (const key of ['here', 'there']) expectBytes(await bytesOf(hybrid, key), bytes)
  expect(await hybrid.head('there')).toMatchObject({ size: 1000, durable: true })
  await subject.remote.delete('lost')
  await expect(hybrid.head('lost')).rejects.toMatchObject({ code: 'not_found' })
})
