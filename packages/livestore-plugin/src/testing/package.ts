/** The package as npm would install it, in a place from which neither LiveStore nor Effect can be resolved, as with pnpm. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export const packageFolder = join(import.meta.dirname, '../..')

const require = createRequire(import.meta.url)
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`))

export interface InstalledPackage {
  readonly plugin: string
  readonly register: string
  readonly remove: () => Promise<void>
}

export const installPackage = async (): Promise<InstalledPackage> => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rockpool-livestore-plugin-')))
  const folder = join(root, 'node_modules/@rockpool/livestore-plugin')
  await mkdir(folder, { recursive: true })
  await symlink(folderOf('unplugin'), join(root, 'node_modules/unplugin'))
  await cp(join(packageFolder, 'package.json'), join(folder, 'package.json'))
  await promisify(execFile)(process.execPath, [
    join(folderOf('typescript'), 'bin/tsc'),
    ...[
      '-p',
      packageFolder,
      '--outDir',
      join(folder, 'dist'),
      '--tsBuildInfoFile',
      join(root, 'tsbuildinfo'),
      '--noCheck',
    ],
  ])
  return {
    plugin: join(folder, 'dist/index.js'),
    register: join(folder, 'dist/register.js'),
    remove: () => rm(root, { recursive: true, force: true }),
  }
}
