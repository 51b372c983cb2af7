import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { keepPrivate, makePrivateFolder } from './private.ts'
import { ensureSecret } from './secret.ts'

const temporaryFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-private-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The modes in a folder, itself included, by kind. */
const modesIn = async (folder: string) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  const of = (kind: 'isDirectory' | 'isFile') =>
    Promise.all(entries.filter((entry) => entry[kind]()).map((entry) => modeOf(join(entry.parentPath, entry.name))))
  return {
    folders: new Set([await modeOf(folder), ...(await of('isDirectory'))]),
    files: new Set(await of('isFile')),
  }
}
const PRIVATE = { folders: new Set(['700']), files: new Set(['600']) }

const underUmask = async (umask: number, run: () => Promise<unknown>) => {
  const before = process.umask(umask)
  try {
    await run()
  } finally {
    process.umask(before)
  }
}

it.each([0o000, 0o022, 0o077, 0o777])('a new folder and its secret are private under umask %o', async (umask) => {
  const folder = join(await temporaryFolder(), 'pool')
  await underUmask(umask, async () => {
    await makePrivateFolder(folder)
    await ensureSecret(folder)
    await makePrivateFolder(folder)
  })
  expect(await modesIn(folder)).toEqual(PRIVATE)
})

it('tightens everything that an earlier version left open, and follows no symlink', async () => {
  const folder = await temporaryFolder()
  const outside = join(await temporaryFolder(), 'outside')
  await underUmask(0, async () => {
    await writeFile(outside, 'x')
    await ensureSecret(folder)
    await chmod(join(folder, 'secret'), 0o644)
    await mkdir(join(folder, 'objects/contents/00'), { recursive: true })
    await writeFile(join(folder, 'objects/contents/00/x'), 'x')
    await symlink(outside, join(folder, 'objects/link'))
    await chmod(folder, 0o777)
  })
  await makePrivateFolder(folder)
  expect((await lstat(outside)).mode & 0o777).toBe(0o666)
  await rm(join(folder, 'objects/link'))
  expect(await modesIn(folder)).toEqual(PRIVATE)
})

it('refuses a folder that has other files, and leaves their modes', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'program'), 'x')
  await chmod(join(folder, 'program'), 0o755)
  await expect(makePrivateFolder(folder)).rejects.toThrow(/other files, such as program\. Set ROCKPOOL_DATA_DIR/)
  expect((await stat(join(folder, 'program'))).mode & 0o777).toBe(0o755)
})

it('says which folder cannot be created', async () => {
  const folder = join(await temporaryFolder(), 'file')
  await writeFile(folder, 'x')
  await expect(makePrivateFolder(join(folder, 'pool'))).rejects.toThrow(/cannot keep its data in .*pool: ENOTDIR/)
})

it('keepPrivate tightens what is made while the server runs', async () => {
  const folder = await temporaryFolder()
  await makePrivateFolder(folder)
  const tightening = keepPrivate(folder)
  await underUmask(0, async () => {
    await mkdir(join(folder, 'objects/00'), { recursive: true })
    await writeFile(join(folder, 'objects/00/x'), 'x')
  })
  tightening.soon()
  await expect.poll(() => modesIn(folder), { timeout: 10_000 }).toEqual(PRIVATE)
  await underUmask(0, () => writeFile(join(folder, 'objects/00/y'), 'y'))
  await tightening.stop()
  expect(await modesIn(folder)).toEqual(PRIVATE)
})
