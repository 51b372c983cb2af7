import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { copyState } from './copy-state.ts'
import { openState, STATE_FILE } from './open-state.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-state-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('is private, and kept', async () => {
  const first = openState(folder)
  first.database.exec('CREATE TABLE t (a INTEGER) STRICT')
  first.database.exec('INSERT INTO t VALUES (1)')
  first.close()
  const second = openState(folder)
  expect(second.database.prepare('SELECT a FROM t').all()).toEqual([{ a: 1 }])
  second.close()
  expect((await stat(join(folder, STATE_FILE))).mode & 0o077).toBe(0)
})

it('is refused when a newer version wrote it, or when it is damaged', async () => {
  const state = openState(folder)
  state.database.exec('PRAGMA user_version = 999')
  state.close()
  expect(() => openState(folder)).toThrow(/newer version .* Update this server\.$/)
  await writeFile(join(folder, STATE_FILE), 'not a database at all, but long enough for a header '.repeat(20))
  expect(() => openState(folder)).toThrow(/^The file \S+ cannot be used \(.*\)\. Restore it from a backup\.$/)
})

it('is copied with what is in the write-ahead log, over an older copy', async () => {
  const copy = await mkdtemp(join(folder, 'copy-'))
  copyState(folder, copy)
  const state = openState(folder)
  state.database.exec('CREATE TABLE t (a INTEGER) STRICT')
  copyState(folder, copy)
  state.database.exec('INSERT INTO t VALUES (2)')
  copyState(folder, copy)
  state.close()
  const copied = openState(copy)
  expect(copied.database.prepare('SELECT a FROM t').all()).toEqual([{ a: 2 }])
  copied.close()
  expect((await stat(join(copy, STATE_FILE))).mode & 0o077).toBe(0)
})
