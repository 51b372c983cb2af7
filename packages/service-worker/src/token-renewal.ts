/** Renewal of refused tokens: a page with 500 images makes 500 calls with the token that expired. */
import type { SessionRow } from '@rockpool/core'
import type { FetchSignerOptions } from '@rockpool/core/signer'

/** Renewals that are remembered, over all stores. */
const MAX_RENEWALS = 100

/** Tokens for the signer client of each session. A refused token is renewed once, for all calls that had it. */
export const renewedTokens = (
  renew: (session: SessionRow) => Promise<string>,
): ((session: SessionRow) => FetchSignerOptions['token']) => {
  /** from the refused token of a store to the fresh one */
  const renewals = new Map<string, Promise<string>>()
  const idOf = ({ storeId }: SessionRow, token: string) => JSON.stringify([storeId, token])

  const start = (session: SessionRow, refused: string): Promise<string> => {
    const id = idOf(session, refused)
    const renewal = renew(session)
    renewals.set(id, renewal)
    const [oldest] = renewals.keys()
    if (renewals.size > MAX_RENEWALS) renewals.delete(oldest!)
    const forget = () => {
      if (renewals.get(id) === renewal) renewals.delete(id)
    }
    // The app may have returned the refused token from a cache.
    renewal.then((token) => token === refused && forget(), forget)
    return renewal
  }

  return (session) => {
    // A session row that was read before the renewal still has the refused token.
    let last = session.token
    return async ({ fresh = false } = {}) => {
      const renewal = renewals.get(idOf(session, last)) ?? (fresh ? start(session, last) : undefined)
      if (renewal) last = await renewal
      return last
    }
  }
}
