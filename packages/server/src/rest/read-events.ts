/** `GET /storage/v1/events` */
import { expiryOf } from '@rockpool/access'
import { parseCursor } from '../events/cursor.ts'
import { isReadable } from '../events/storage-event.ts'
import { type Caller, requireUser } from './caller.ts'
import type { RestServices } from './services.ts'

/**
 * The events after the cursor `since`, and those to come. Without one: those to come.
 *
 * @throws RockpoolError `unauthenticated`, `forbidden`, `bad_request`, `conflict`, `rate_limited`
 */
export const readEvents = async (
  { logs, storeBuckets, eventStreams }: RestServices,
  caller: Caller,
  request: Request,
): Promise<Response> => {
  const { storeId } = caller
  const { claims } = requireUser(caller, 'read')
  const log = await logs.open(storeId)
  // A client that connects again sends the same URL, and where it was in this header.
  const since = request.headers.get('last-event-id') ?? new URL(request.url).searchParams.get('since') ?? undefined
  const head = await log.head()
  return eventStreams.open({
    storeId,
    sub: claims.sub,
    log,
    since: since === undefined ? head : parseCursor(since, log.cursorId, head),
    isReadable: async (event) => isReadable(event, claims.sub, await storeBuckets.bucketsOf(storeId, event.bucket)),
    expiresAt: expiryOf(claims),
  })
}
