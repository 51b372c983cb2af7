/** The app shell: the files of the build are cached while the worker is installed, and open the app without a network. */
import { PrecacheController, type PrecacheEntry, PrecacheRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { SERVER_PATHS } from './server-paths.ts'
import { olderReleases } from './shell-releases.ts'

export interface ShellOptions {
  /** the files of the build, URLs relative to the worker's: `self.__WB_MANIFEST`; nothing is cached when there are none */
  readonly files: readonly PrecacheEntry[]
  /** path and query of navigations that a server responds to; every other one opens the app's page */
  readonly denylist?: readonly RegExp[]
}

const PAGE = 'index.html'

/**
 * Makes a service worker open the app offline. The page of a new release is shown by the next navigation; the files that open pages of
 * older releases may still load stay until these pages are closed.
 */
export const registerShell = (scope: ServiceWorkerGlobalScope, { files, denylist = [] }: ShellOptions): void => {
  if (files.length === 0) return
  const shell = new PrecacheController()
  shell.addToCacheList([...files])
  const older = olderReleases(scope, shell)
  scope.addEventListener('install', (event) => void shell.install(event))
  scope.addEventListener('activate', (event) => event.waitUntil(older.keepWhileUsed(event)))
  // Before the routes: `respondWith` stops the propagation of the event.
  scope.addEventListener('fetch', (event) => {
    if (event.request.mode === 'navigate') event.waitUntil(older.removeUnused(event))
  })

  registerRoute(new PrecacheRoute(shell))
  if (shell.getCacheKeyForURL(PAGE) !== undefined) {
    const openPage = shell.createHandlerBoundToURL(PAGE)
    registerRoute(new NavigationRoute(openPage, { denylist: [...SERVER_PATHS, ...denylist] }))
  }
  registerRoute(older.mayHave, older.respond)
}
