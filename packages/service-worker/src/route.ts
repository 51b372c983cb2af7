import { change, type SessionRow, webPlatform } from '@rockpool/core'
import { createLimiter, fetchSigner, MAX_CALLS } from '@rockpool/core/signer'
import { fileUrlPath } from '@rockpool/protocol'
import { contentDownloads, type RangePolicy } from './downloads.ts'
import { handleFileRequest } from './handler.ts'
import { pingPages, workerKeepAlive } from './keep-alive.ts'
import { askPagesForToken } from './page-token.ts'
import { refreshToken } from './session-refresh.ts'
import { storeSessions } from './session-end.ts'
import { deviceStores } from './stores.ts'
import { renewedTokens } from './token-renewal.ts'

/** A route as Workbox takes it: `registerRoute(route.match, route.handle)`. */
export interface RockpoolRoute {
  match(options: { readonly url: URL }): boolean
  /** Serves a request; pass the event, so that the worker lives until its body is read and stored. Never rejects. */
  handle(options: { readonly request: Request; readonly event?: ExtendableEvent }): Promise<Response>
}

/** How a worker serves files. */
export interface RockpoolOptions {
  readonly ranges?: RangePolicy
}

/** The route of file URLs, `rockpool/…` below the worker's scope. */
export const rockpoolRoute = (scope: ServiceWorkerGlobalScope, options: RockpoolOptions = {}): RockpoolRoute => {
  const stores = deviceStores()
  const tokenOf = renewedTokens(async (session) => {
    const fromPage = await askPagesForToken(scope.clients, session.storeId)
    if (fromPage !== undefined) return fromPage
    const token = await refreshToken(session, { fetch: scope.fetch.bind(scope), clock: webPlatform.clock })
    // Unless the user has signed out, or another one has signed in, in the meantime.
    const renewed = (row?: SessionRow) => (row?.user === session.user ? { ...row, token } : row)
    await stores.use(session.storeId, ({ index }) => index.write([change('session', 'session', renewed)]))
    return token
  })
  const limiter = createLimiter(MAX_CALLS)
  const signer = (session: SessionRow) => fetchSigner({ url: session.signerUrl, limiter, token: tokenOf(session) })
  const base = new URL(scope.registration.scope).pathname
  const keepAlive = workerKeepAlive({
    ping: () => pingPages(scope.clients),
    isTerminated: / Firefox\//.test(scope.navigator.userAgent),
  })
  for (const type of ['fetch', 'message'] as const) scope.addEventListener(type, keepAlive.onEvent)
  const ports = {
    base,
    stores,
    sessions: storeSessions(),
    downloads: contentDownloads({ ...options, signer }),
    keepAlive,
  }
  return {
    match: ({ url }) => url.origin === scope.location.origin && url.pathname.startsWith(fileUrlPath(base)),
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
