/**
 * LiveStore's WebSocket transport takes the token once, when the store opens, and connects with it for ever
 * (@livestore/sync-cf 0.4.0, ws-rpc-client.ts). This gives each later connection the newest one.
 */
import { expiryOf, fetchToken } from './token.ts'

/** A token is renewed when it has less than this many ms left. */
const MARGIN = 60_000

/** Call it in the LiveStore worker, before `makeWorker`. */
export const keepSyncTokenFresh = (): void => {
  let newest: string | undefined
  let renewing = false

  const renew = async (storeId: string) => {
    if (renewing) return
    renewing = true
    try {
      newest = await fetchToken(storeId)
    } catch {
      // The servers are away: the next connection attempt asks again.
    }
    renewing = false
  }

  /** The address with the newest token in it. If that is about to end, the attempt after this one has a better. */
  const withNewest = (address: string | URL): URL => {
    const url = new URL(address)
    const storeId = url.searchParams.get('storeId')
    if (storeId === null) return url
    if (newest !== undefined) url.searchParams.set('payload', JSON.stringify({ authToken: newest }))
    const { authToken = '' } = JSON.parse(url.searchParams.get('payload') ?? '{}') as { readonly authToken?: string }
    if (expiryOf(authToken) < Date.now() + MARGIN) void renew(storeId)
    return url
  }

  self.WebSocket = class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(withNewest(address), protocols)
    }
  }
}
