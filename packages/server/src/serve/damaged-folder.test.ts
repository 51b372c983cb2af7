/** Folders that were restored in part, or whose files were damaged behind the server's back, under the real process. */
import { cp, lstat, mkdtemp, readdir, rename, rm, symlink, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rebuild } from '@rockpool/object-store/local'
import { hashContent } from '@rockpool/protocol'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { createClient, TOKEN_SECRET, tokenOf } from '../testing/client.ts'
import { endAll, runServer } from '../testing/process.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rockpool-damaged-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))
afterAll(endAll)

const run = () =>
  runServer(['serve'], {
    env: { ROCKPOOL_DATA_DIR: dataDir, ROCKPOOL_JWT_SECRET: TOKEN_SECRET, PORT: '0' },
    cwd: dataDir,
  })
const bytesOf = (seed: number) => new Uint8Array(1_000).fill(seed)
const start = async () => {
  const { child, url: listening, ended } = run()
  const url = await listening
  const client = createClient(() => url, 'reef', await tokenOf({ reef: ['read', 'write'] }))
  const uploaded = async (seed: number) => `reef/files/${(await hashContent([bytesOf(seed)])).address}`
  return {
    client,
    upload: (seed: number) => client.put(bytesOf(seed)),
    /** Whether the server says that it has the content, and whether it serves it. */
    look: async (seed: number) => {
      const key = await uploaded(seed)
      const bytes = await client.get(key).catch((error: Error) => error.message)
      return { stored: await client.isStored(key), served: typeof bytes !== 'string' && bytes[0] === seed }
    },
    stop: async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal)
      await ended
    },
  }
}
const WHOLE = { stored: true, served: true }
const MISSING = { stored: false, served: false }
const store = () => join(dataDir, 'store')
const contentFiles = async () =>
  (await readdir(join(store(), 'contents'), { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
const removeIndex = async () => {
  for (const end of ['', '-wal', '-shm']) await rm(join(store(), `index.sqlite${end}`), { force: true })
}

test('a folder without its index does not start, nothing of it is deleted, and a rebuilt one serves all', async () => {
  const first = await start()
  for (const seed of [1, 2, 3]) await first.upload(seed)
  await first.stop('SIGKILL')
  await removeIndex()
  const { code, complaint } = await run().ended
  expect(code).toBe(1)
  expect(complaint).toMatch(/^rockpool-server: The folder [^\n]+ no index\.sqlite\. [^\n]+rockpool-server rebuild\n$/)
  expect(await contentFiles()).toHaveLength(3)

  expect(await rebuild(store())).toMatchObject({ objects: 3 })
  const second = await start()
  for (const seed of [1, 2, 3]) expect(await second.look(seed)).toEqual(WHOLE)
  await second.stop()
})

test('an index older than the content does not start', async () => {
  const first = await start()
  await first.upload(1)
  await first.stop()
  const backup = join(dataDir, 'index.backup')
  await cp(join(store(), 'index.sqlite'), backup)
  const second = await start()
  await second.upload(2)
  await second.stop()
  await removeIndex()
  await cp(backup, join(store(), 'index.sqlite'))
  expect(await run().ended).toMatchObject({ code: 1, complaint: expect.stringContaining('older than the content') })
  expect(await contentFiles()).toHaveLength(2)
})

test.each<[string, (file: string) => Promise<void>]>([
  ['shorter', (file) => truncate(file, 500)],
  ['gone', (file) => rm(file)],
  [
    'replaced by a symlink',
    async (file) => {
      await rename(file, join(dataDir, 'elsewhere'))
      await symlink(join(dataDir, 'elsewhere'), file)
    },
  ],
])('content whose file is %s is neither stored nor served, until it is sent again', async (_, damage) => {
  const signer = await start()
  await signer.upload(1)
  const [file] = await contentFiles()
  await damage(file!)
  expect(await signer.look(1)).toEqual(MISSING)
  await signer.upload(1)
  expect(await signer.look(1)).toEqual(WHOLE)
  await signer.stop()
})

test('folders and files are open to nobody else', async () => {
  const signer = await start()
  await signer.upload(1)
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const modes = await Promise.all(
    entries.map(async (entry) => {
      const { mode } = await lstat(join(entry.parentPath, entry.name))
      return `${entry.isDirectory() ? 'folder' : 'file'} ${(mode & 0o777).toString(8)}`
    }),
  )
  expect([...new Set(modes)].toSorted()).toEqual(['file 600', 'folder 700'])
  await signer.stop()
})
