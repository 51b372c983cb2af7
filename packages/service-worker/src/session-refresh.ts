/** A fresh token for the service worker when no page of the app is open. */
import { type Platform, readClaims, type SessionRow } from '@rockpool/core'
import { withDeadline } from '@rockpool/core/transfers'
import { RockpoolError } from '@rockpool/protocol'

/** A server that does not respond in this time (ms) has no token. */
const TIMEOUT_MS = 10_000

/**
 * Requests a token from the app's server, where a login cookie says who the user is: `POST <refreshUrl>` responds `{ token }`.
 *
 * @throws RockpoolError `unauthenticated` when the session has no `refreshUrl`, or the server gives no token of this user for this store
 */
export const refreshToken = async (
  { refreshUrl, storeId, user }: SessionRow,
  { fetch, clock }: { readonly fetch: typeof globalThis.fetch } & Pick<Platform, 'clock'>,
): Promise<string> => {
  if (refreshUrl === undefined) throw expired()
  const late = new AbortController()
  const request = async (): Promise<string> => {
    const response = await fetch(refreshUrl, {
      method: 'POST',
      credentials: 'include',
      cache: 'no-store',
      signal: late.signal,
    })
    const { token } = (await response.json()) as { readonly token: string }
    const { sub, stores } = readClaims(token)
    if (sub !== user || !stores[storeId]?.includes('read')) throw new Error('The token is of another user or store.')
    return token
  }
  try {
    return await withDeadline(clock, TIMEOUT_MS, request(), () => late.abort())
  } catch (cause) {
    throw expired(cause)
  }
}

const expired = (cause?: unknown): RockpoolError =>
  new RockpoolError('unauthenticated', 'The session has expired. Open the app, and sign in again.', { cause })
