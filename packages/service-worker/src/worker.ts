/** The ready-made service worker, for apps without one of their own: file URLs, and the app offline. */
import type { PrecacheEntry } from 'workbox-precaching'
import { registerRockpool } from './route.ts'
import { registerShell } from './shell.ts'

declare const self: ServiceWorkerGlobalScope & {
  /** The build replaces both: `@rockpool/vite`, or the first alone by Workbox's tools. */
  readonly __WB_MANIFEST: readonly PrecacheEntry[] | undefined
  /** `[source, flags]` of each pattern */
  readonly __ROCKPOOL_DENYLIST: readonly (readonly [string, string])[] | undefined
}

const files = self.__WB_MANIFEST ?? []
const denylist = (self.__ROCKPOOL_DENYLIST ?? []).map(([source, flags]) => new RegExp(source, flags))

registerRockpool(self)
registerShell(self, { files, denylist })

// A new release serves the next page, not only the one after all tabs were closed.
self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()))
