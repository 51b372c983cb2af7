/** Apps other than the gallery, written and built by a test. */
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runBuild } from '../run-build.ts'

const repository = join(import.meta.dirname, '../..')

export interface App {
  readonly root: string
  /** the folder of its build */
  readonly folder: string
}

/** Writes an app of these files, and builds it for production. Removed when the test is finished. */
export const buildApp = async (files: Readonly<Record<string, string>>): Promise<App> => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'rockpool-e2e-app-')))
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))
  await symlink(join(repository, 'node_modules'), join(root, 'node_modules'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const folder = join(root, 'dist')
  await runBuild('scripts/gallery.mjs', ['build', folder], { APP_ROOT: root })
  return { root, folder }
}

/** The files of the app in the README: each block of code begins with its name. */
export const readmeApp = async (): Promise<Record<string, string>> => {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const blocks = readme.matchAll(/^```ts\n\/\/ (?<name>[\w/.]+\.ts)\b.*\n(?<code>[^]*?)^```$/gm)
  return {
    ...Object.fromEntries([...blocks].map(({ groups }) => [groups!.name!, groups!.code!])),
    'index.html':
      '<!doctype html><title>App</title><input type="file"><div id="files"></div><script type="module" src="/src/main.ts"></script>',
  }
}
