/** Signer and sync server in one Worker: `/signer/*` and `/sync/*`. One origin, one set of bindings, the same tokens. */
import { makeWorkerSigner } from '@rockpool/signer/workers'
import { makeSyncBackend, type SyncBackendEnv } from '@rockpool/sync-server/workers'

const signer = makeWorkerSigner()
const backend = makeSyncBackend({
  claims: (bindings) => ({ head: (remoteKey, signal) => signer.hasContent(bindings, remoteKey, signal) }),
})

export class SyncBackend extends backend.SyncBackend {}

export default {
  fetch: (request: Request, bindings: SyncBackendEnv): Response | Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname.startsWith('/sync/')) return backend.worker.fetch(request, bindings)
    if (!url.pathname.startsWith('/signer/')) return new Response('Not found', { status: 404 })
    url.pathname = url.pathname.slice('/signer'.length)
    return signer.fetch(new Request(url, request), bindings)
  },
}
