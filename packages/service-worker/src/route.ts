import type { SessionRow } from '@rockpool/core'
import { fetchSigner } from '@rockpool/core/signer'
import { FILE_URL_BASE, RockpoolError } from '@rockpool/protocol'
import { contentDownloads, type RangePolicy } from './downloads.ts'
import { handleFileRequest } from './handler.ts'
import { askPagesForToken } from './page-token.ts'
import { deviceStores } from './stores.ts'

/** A route as Workbox takes it: `registerRoute(route.match, route.handle)`. */
export interface RockpoolRoute {
  match(options: { readonly url: URL }): boolean
  /** Serves a request; pass the event, so that the worker lives until a download is stored. Never rejects. */
  handle(options: { readonly request: Request; readonly event?: ExtendableEvent }): Promise<Response>
}

/** How a worker serves files. */
export interface RockpoolOptions {
  readonly ranges?: RangePolicy
}

/** The route of file URLs, `/rockpool/…` on the worker's own origin. */
export const rockpoolRoute = (scope: ServiceWorkerGlobalScope, options: RockpoolOptions = {}): RockpoolRoute => {
  const signer = (session: SessionRow) =>
    fetchSigner({
      url: session.signerUrl,
      async token({ fresh = false } = {}) {
        if (!fresh) return session.token
        const token = await askPagesForToken(scope.clients, session.storeId)
        if (token !== undefined) return token
        throw new RockpoolError('unauthenticated', 'The session has expired. Open the app, and sign in again.')
      },
    })
  const ports = { stores: deviceStores(), downloads: contentDownloads({ ...options, signer }) }
  return {
    match: ({ url }) => url.origin === scope.location.origin && url.pathname.startsWith(FILE_URL_BASE),
    handle: ({ request, event }) => handleFileRequest(ports, request, (work) => event?.waitUntil(work)),
  }
}

/**
 * Makes a service worker serve file URLs, also in the page that registered it: it claims pages when it is activated, and
 * when one asks for it (a page loaded by shift-reload is not controlled otherwise).
 */
export const registerRockpool = (scope: ServiceWorkerGlobalScope, options: RockpoolOptions = {}): void => {
  const route = rockpoolRoute(scope, options)
  scope.addEventListener('fetch', (event) => {
    if (!route.match({ url: new URL(event.request.url) })) return
    event.respondWith(route.handle({ request: event.request, event }))
  })
  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()))
  scope.addEventListener('message', (event) => {
    if ((event.data as { readonly type?: unknown } | null)?.type === 'rockpool:claim') {
      event.waitUntil(scope.clients.claim())
    }
  })
}
