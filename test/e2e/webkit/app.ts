/** A build of the app in `app/`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBuild } from '../../run-build.ts'

export interface WebKitBuild extends AsyncDisposable {
  readonly folder: string
  /** where its sources are */
  readonly root: string
}

export const buildWebKitApp = async (): Promise<WebKitBuild> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-webkit-app-'))
  const root = join(import.meta.dirname, 'app')
  await runBuild('scripts/gallery.mjs', ['build', folder], { APP_ROOT: root })
  return { folder, root, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}
