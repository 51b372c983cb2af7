/** Signer and sync backend in one Worker: `/signer/*` signs, `/sync` syncs. One origin, one set of bindings, the same tokens. */
import { makeSyncBackend, type SyncBackendEnv } from '@rockpool/livestore/sync-backend'
import { makeWorkerSigner } from '@rockpool/signer/workers'

const signer = makeWorkerSigner()
const backend = makeSyncBackend()

export class SyncBackend extends backend.SyncBackend {}

export default {
  fetch: (request: Request, bindings: SyncBackendEnv, context: unknown): Response | Promise<Response> => {
    const url = new URL(request.url)
    if (url.pathname === '/sync') return backend.worker.fetch(request, bindings, context)
    if (!url.pathname.startsWith('/signer/')) return new Response('Not found', { status: 404 })
    url.pathname = url.pathname.slice('/signer'.length)
    return signer.fetch(new Request(url, request), bindings)
  },
}
