/** Releases of the gallery: each is a build of its own, and a deployment replaces one by another on the same origin. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBuild } from '../run-build.ts'
import { galleryFolder } from './server.ts'
import type { Tab } from './tab.ts'

/**
 * - `next`: other code, with other URLs of page and worker
 * - `next-tables`: other tables of the app, too
 * - `before`: the app before it used Rockpool, on LiveStore's own processors
 */
export type ReleaseName = 'next' | 'next-tables' | 'before'

/** @returns the folder of the build, to be removed by the caller */
export const buildRelease = async (name: ReleaseName): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-release-'))
  if (name === 'before') await runBuild('test/e2e/plain-livestore/build.mjs', [folder])
  else await runBuild('scripts/gallery.mjs', ['build', folder, 'e2e'], { VITE_RELEASE: name })
  return folder
}

export interface Site extends AsyncDisposable {
  /** what is served */
  readonly folder: string
  /** Serves the files of this build, and no others. */
  deploy(build: string): Promise<void>
}

export const createSite = async (build = galleryFolder()): Promise<Site> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-site-'))
  const deploy = async (build: string) => {
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
    await cp(build, folder, { recursive: true })
  }
  await deploy(build)
  return { folder, deploy, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** Which release a tab runs; '' is the build of the other tests. */
export const releaseOf = (tab: Tab): Promise<string> =>
  tab.inPage(() => (window as never as { release: string }).release)

/** Waits until the deployed service worker is active: without that the next navigation shows the release before it. */
export const updateServiceWorker = (tab: Tab): Promise<void> => tab.inPage(waitForUpdate)

/** Runs in the page. */
export const waitForUpdate = async (): Promise<void> => {
  const changed = new Promise<void>((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true })
  })
  await (await navigator.serviceWorker.ready).update()
  await changed
  const { controller } = navigator.serviceWorker
  while (controller!.state !== 'activated') {
    await new Promise((resolve) => controller!.addEventListener('statechange', resolve, { once: true }))
  }
}
