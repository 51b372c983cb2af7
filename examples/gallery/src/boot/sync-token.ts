/**
 * LiveStore's WebSocket transport takes the token once, when the store opens, and connects with it for ever
 * (@livestore/sync-cf 0.4.0, ws-rpc-client.ts). This gives each later connection the newest one.
 */
import { expiryOf, fetchToken } from './token.ts'

/** What the page gives LiveStore as `syncPayload`. The sync backend reads the token. */
export interface SyncPayload {
  readonly authToken: string
  readonly user: string
}

/** A token is renewed when it has less than this many ms left. */
const MARGIN = 60_000

/** Call it in the LiveStore worker, before `makeWorker`. */
export const keepSyncTokenFresh = (): void => {
  let newest: string | undefined
  let renewing = false

  const renew = async (user: string, storeId: string) => {
    if (renewing) return
    renewing = true
    try {
      newest = await fetchToken(user, storeId)
    } catch {
      // The servers are away: the next connection asks again.
    }
    renewing = false
  }

  /** The address with the newest token in it. If that one is about to end, the next attempt will have a better. */
  const withNewest = (address: string | URL): URL => {
    const url = new URL(address)
    const { storeId, payload } = Object.fromEntries(url.searchParams)
    if (storeId === undefined || payload === undefined) return url
    // Encoded once more than the query itself (SearchParamsSchema in @livestore/sync-cf).
    const first = JSON.parse(decodeURIComponent(payload)) as SyncPayload
    const authToken = newest ?? first.authToken
    url.searchParams.set('payload', encodeURIComponent(JSON.stringify({ ...first, authToken })))
    if (expiryOf(authToken) < Date.now() + MARGIN) void renew(first.user, storeId)
    return url
  }

  self.WebSocket = class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(withNewest(address), protocols)
    }
  }
}
