/** A build of the app in `app/`. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const REPOSITORY = join(import.meta.dirname, '../../..')

export interface WebKitBuild extends AsyncDisposable {
  readonly folder: string
  /** where its sources are */
  readonly root: string
}

export const buildWebKitApp = async (): Promise<WebKitBuild> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-webkit-app-'))
  const root = join(import.meta.dirname, 'app')
  await promisify(execFile)(
    process.execPath,
    ['--conditions=@rockpool/source', 'scripts/gallery.mjs', 'build', folder],
    // Vitest's own NODE_ENV is `test`, which would build a development version.
    { cwd: REPOSITORY, env: { ...process.env, NODE_ENV: 'production', APP_ROOT: root } },
  )
  return { folder, root, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
