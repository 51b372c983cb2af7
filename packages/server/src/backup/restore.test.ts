import { readlinkSync } from 'node:fs'
import { copyFile, type FileHandle, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { lockFolder } from '@rockpool/sync-server/node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ServerConfig } from '../config/server-config.ts'
import { copyState } from '../state/copy-state.ts'
import { openState } from '../state/open-state.ts'
import { lastRestore } from '../state/restores.ts'
import { restoreBackup } from './restore.ts'

let root: string
let backup: string
let dataDir: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rockpool-restore-'))
  backup = join(root, 'backup')
  dataDir = join(root, 'data')
  await mkdir(join(backup, 'events'), { recursive: true })
  for (const name of ['reef.sqlite', 'reef.id']) await writeFile(join(backup, 'events', name), name)
  await writeFile(join(backup, 'url-secret'), 's'.repeat(64))
  const bytes = { kind: 'reference', objects: 1, size: 3, s3Bucket: 'reef' }
  await writeFile(join(backup, 'backup.json'), JSON.stringify({ format: 1, stores: [{ storeId: 'reef' }], bytes }))
  await writeFile(join(backup, 'objects.jsonl'), '{"key":"reef/files/a","size":3}\n')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true })
})

const restore = () => {
  const eventLog = { backend: 'sqlite' }
  const config = { dataDir, eventLog, store: { mode: 'local', dataDir } } as ServerConfig
  return restoreBackup({ folder: backup, config, signal: new AbortController().signal, progress: () => {} })
}

test('a power failure after it leaves no log without its bytes', async () => {
  const handle = await open(import.meta.filename)
  const handles = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const { sync } = handles
  const synced: string[] = []
  vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
    synced.push(relative(dataDir, readlinkSync(`/proc/self/fd/${this.fd}`)))
    return Reflect.apply(sync, this, [])
  })
  expect((await restore()).failed).toEqual([{ key: 'reef/files/a', reason: 'It is not in the object store.' }])
  expect(await readdir(join(dataDir, 'events'))).toEqual(['reef.id', 'reef.sqlite'])
  expect(synced).toContain('url-secret')
  // The files, their names, and then the name of the folder.
  expect(synced.slice(-4)).toEqual(['events.restoring/reef.sqlite', 'events.restoring/reef.id', 'events.restoring', ''])
})

test.each([
  ['is missing', () => rm(join(backup, 'objects.jsonl')), 'ENOENT'],
  ['is cut', () => writeFile(join(backup, 'objects.jsonl'), '{"key":"reef'), 'Its last line is cut.'],
  ['is no JSON', () => writeFile(join(backup, 'objects.jsonl'), 'a\n'), 'Unexpected token'],
])('names a list of objects that %s, and restores no log', async (_, damage, cause) => {
  await damage()
  await expect(restore()).rejects.toThrow(cause)
  await expect(restore()).rejects.toThrow(/^The file \S+objects\.jsonl cannot be read [^\n]+ Use another backup\.$/)
  await expect(readdir(join(dataDir, 'events'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('has the state of the backup, not what a killed server left in the write-ahead log', async () => {
  const kept = join(root, 'kept')
  await mkdir(kept)
  await mkdir(dataDir)
  const fill = (folder: string, value: number) => {
    const state = openState(folder)
    state.database.exec(`CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (${value})`)
    return state
  }
  const saved = fill(kept, 1)
  copyState(kept, backup)
  saved.close()
  const killed = fill(join(backup, 'events'), 2)
  for (const end of ['', '-wal'])
    await copyFile(join(backup, 'events', `state.sqlite${end}`), join(dataDir, `state.sqlite${end}`))
  killed.close()
  await restore()
  const restored = openState(dataDir)
  expect(restored.database.prepare('SELECT a FROM t').all()).toEqual([{ a: 1 }])
  restored.close()
})

test('leaves the data folder of a server that runs alone, also when that has no logs yet', async () => {
  await mkdir(join(dataDir, 'events'), { recursive: true })
  const unlock = lockFolder(join(dataDir, 'events'))
  await expect(restore()).rejects.toMatchObject({ code: 'locked' })
  expect(await readdir(dataDir)).toEqual(['events'])
  unlock()
  await restore()
  expect(await readdir(join(dataDir, 'events'))).toEqual(['reef.id', 'reef.sqlite'])
})

test('gives cursors of events another id, so that none from before it skips later events', async () => {
  const saved = openState(join(root, 'backup'))
  expect(lastRestore(saved.database)).toBeUndefined()
  saved.close()
  const idAfterRestore = async () => {
    await rm(dataDir, { recursive: true, force: true })
    await restore()
    const state = openState(dataDir)
    const id = lastRestore(state.database)
    state.close()
    return id
  }
  const first = await idAfterRestore()
  expect(first).toMatch(/^[0-9a-f]{12}$/)
  expect(await idAfterRestore()).not.toBe(first)
})
