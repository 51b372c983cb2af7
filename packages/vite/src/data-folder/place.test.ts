import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { chooseFolder, dataFolder, type PlaceFacts } from './place.ts'

const facts: PlaceFacts = {
  root: '/work/gallery',
  packageName: '@acme/photo gallery',
  hasFormerFolder: false,
  platform: 'linux',
  home: '/home/ada',
  env: {},
}

describe('chooseFolder', () => {
  it.each<[string, string | undefined, Partial<PlaceFacts>, string | RegExp]>([
    ['the variable before the option', 'data', { env: { ROCKPOOL_DATA_DIR: '/srv/pool' } }, '/srv/pool'],
    ['a relative variable from the root', undefined, { env: { ROCKPOOL_DATA_DIR: '../pool' } }, '/work/pool'],
    ['the option when the variable is empty', 'data', { env: { ROCKPOOL_DATA_DIR: '' } }, '/work/gallery/data'],
    ['the option before a former folder', 'data', { hasFormerFolder: true }, '/work/gallery/data'],
    ['a former folder where it is', undefined, { hasFormerFolder: true }, '/work/gallery/.rockpool'],
    [
      'the user’s data folder',
      undefined,
      {},
      /^\/home\/ada\/\.local\/share\/rockpool\/acme-photo-gallery-[0-9a-f]{8}$/,
    ],
    ['XDG_DATA_HOME', undefined, { env: { XDG_DATA_HOME: '/data' } }, /^\/data\/rockpool\/acme-photo-gallery-/],
    ['no relative XDG_DATA_HOME', undefined, { env: { XDG_DATA_HOME: 'data' } }, /^\/home\/ada\/\.local\/share\//],
    [
      'the Library of macOS',
      undefined,
      { platform: 'darwin' },
      /^\/home\/ada\/Library\/Application Support\/rockpool\//,
    ],
    ['LOCALAPPDATA', undefined, { platform: 'win32', env: { LOCALAPPDATA: '/c/local' } }, /^\/c\/local\/rockpool\//],
    [
      'the root’s name without a package name',
      undefined,
      { packageName: undefined },
      /\/rockpool\/gallery-[0-9a-f]{8}$/,
    ],
    ['a name that is no path', undefined, { packageName: '../..' }, /\/rockpool\/app-[0-9a-f]{8}$/],
  ])('takes %s', (_, option, different, expected) => {
    expect(chooseFolder(option, { ...facts, ...different })).toMatch(
      typeof expected === 'string' ? new RegExp(`^${expected}$`) : expected,
    )
  })

  it('keeps two checkouts of one app apart', () => {
    expect(chooseFolder(undefined, facts)).not.toBe(chooseFolder(undefined, { ...facts, root: '/work/gallery2' }))
  })
})

describe('dataFolder', () => {
  const temporaryRoot = async () => {
    const root = await mkdtemp(join(tmpdir(), 'rockpool-place-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('ROCKPOOL_DATA_DIR', '')
    return root
  }

  it('is outside the root, and the same through a symlink to it', async () => {
    const parent = await temporaryRoot()
    const root = join(parent, 'app')
    await mkdir(root)
    await symlink(root, join(parent, 'link'))
    const folder = dataFolder(root, undefined)
    expect(folder.startsWith(parent)).toBe(false)
    expect(dataFolder(join(parent, 'link'), undefined)).toBe(folder)
  })

  it('stays .rockpool in the root when that has a secret', async () => {
    const root = await temporaryRoot()
    await mkdir(join(root, '.rockpool'))
    expect(dataFolder(root, undefined)).not.toBe(join(root, '.rockpool'))
    await writeFile(join(root, '.rockpool/secret'), 'x')
    expect(dataFolder(root, undefined)).toBe(join(root, '.rockpool'))
  })
})
