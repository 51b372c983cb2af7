/** LiveStore's own sync backend, as a Worker. */
import { handleSyncRequest, makeDurableObject, matchSyncRequest } from '@livestore/sync-cf/cf-worker'

export class SyncBackend extends makeDurableObject({}) {}

export default {
  fetch: (request: Request, env: unknown, ctx: unknown) => {
    const searchParams = matchSyncRequest(request as never)
    if (!searchParams) return new Response('Not found', { status: 404 })
    return handleSyncRequest({ request, searchParams, env, ctx, syncBackendBinding: 'SYNC_BACKEND' } as never)
  },
}
