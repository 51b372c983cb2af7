/** The app before, while and after it moves. The old one is made of the packages that were published, with their own versions of LiveStore. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runBuild } from '../../run-build.ts'

/** Builds any app on the sources of this repository. */
const GALLERY = 'scripts/gallery.mjs'

export interface Apps extends AsyncDisposable {
  /** folders of the builds */
  readonly old: string
  /** the old app on Rockpool's sync, with its files as they were */
  readonly between: string
  readonly new: string
  /** module of the old app's sync backend, which runs sync-cf */
  readonly syncCfWorker: string
}

export const buildApps = async (): Promise<Apps> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-from-livestore-filesync-'))
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  const root = join(folder, 'old-app')
  const builds = { old: join(folder, 'old'), between: join(folder, 'between'), new: join(folder, 'new') }
  try {
    await cp(join(import.meta.dirname, 'old-app'), root, { recursive: true })
    await install(root)
    await runBuild('test/e2e/from-livestore-filesync/build-old-app.mjs', [root, builds.old])
    await runBuild(GALLERY, ['build', builds.between], {
      APP_ROOT: join(import.meta.dirname, 'between-app'),
      OLD_PACKAGES: join(root, 'node_modules'),
    })
    await buildNewApp(builds.new)
  } catch (error) {
    await remove()
    throw error
  }
  return { ...builds, syncCfWorker: join(root, 'sync-cf-worker.js'), [Symbol.asyncDispose]: remove }
}

export const buildNewApp = (folder: string): Promise<void> =>
  runBuild(GALLERY, ['build', folder], { APP_ROOT: join(import.meta.dirname, 'new-app') })

/** With the settings of npm that the dependencies of this repository are installed with. */
const install = async (folder: string): Promise<void> => {
  // Its peers name exact versions that exclude each other.
  const options = ['--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // A registry that does not respond is to end here, with npm's words, and not in the time limit of the hook.
  await promisify(execFile)('npm', ['ci', ...options, '--prefer-offline', '--fetch-timeout=60000'], { cwd: folder })
}
