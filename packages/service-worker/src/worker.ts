/** The ready-made service worker, for apps without one of their own: file URLs, nothing else. */
import { registerRockpool } from './route.ts'

declare const self: ServiceWorkerGlobalScope

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()))
registerRockpool(self)
