/** Serves file URLs, and opens the gallery offline. */
import { registerRockpool } from '@rockpool/service-worker'
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
  type PrecacheEntry,
} from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'

declare const self: ServiceWorkerGlobalScope & { readonly __WB_MANIFEST: PrecacheEntry[] }

registerRockpool(self)

// What the build made; nothing in development, where Vite serves each module fresh.
const shell = self.__WB_MANIFEST
precacheAndRoute(shell)
cleanupOutdatedCaches()
if (shell.length > 0) {
  const notPages = [/^\/rockpool\//, /^\/rockpool-dev\//, /^\/signer\//, /^\/sync/]
  registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: notPages }))
}

// A new version serves the next page, not the one after all tabs were closed.
self.addEventListener('install', () => void self.skipWaiting())
