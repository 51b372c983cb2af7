/** The sync backend of the old app: sync-cf as it was published. */
import { handleSyncRequest, makeDurableObject, matchSyncRequest } from '@livestore/sync-cf/cf-worker'

export class SyncBackend extends makeDurableObject({}) {}

export default {
  fetch: (request, env, ctx) => {
    const searchParams = matchSyncRequest(request)
    if (!searchParams) return new Response('Not found', { status: 404 })
    return handleSyncRequest({ request, searchParams, env, ctx, syncBackendBinding: 'SYNC_BACKEND' })
  },
}
