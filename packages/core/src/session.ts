/**
 * The user's token: requested from the app, renewed before it expires, and kept in the index for the service worker.
 * No Effect: the session is wired around the engine, not inside.
 */
import { fromBase64Url, RockpoolError, type StoreId, type TokenClaims } from '@rockpool/protocol'
import type { PlatformClock } from './platform/platform.ts'
import { webPlatform } from './platform/web-platform.ts'
import { change, type LocalIndex } from './ports/local-index.ts'
import { abortable, withDeadline } from './promises.ts'
import { noToken } from './signer-client/errors.ts'

export interface SessionOptions {
  readonly storeId: StoreId
  readonly index: LocalIndex
  /** absolute URL */
  readonly signerUrl: string
  /** absolute URL, for the service worker: see {@link SessionRow} */
  readonly refreshUrl?: string
  /** returns a token (a JWT) of the signed-in user */
  readonly token: () => Promise<string>
  /** the page's own when not given */
  readonly clock?: Pick<PlatformClock, 'now' | 'setTimer'>
}

export interface Session {
  /**
   * A token that is valid for at least a minute; `fresh` when the signer refused the last one.
   *
   * @throws RockpoolError `unauthenticated` when the app's token is no JWT with `sub` and `stores`, `offline` when the app
   *   cannot get one
   */
  token(options?: { readonly fresh?: boolean }): Promise<string>
  /** The claims of the last token; undefined while none could be had. */
  claims(): TokenClaims | undefined
}

/** Time before the expiry at which a token is renewed. */
const RENEW_BEFORE_MS = 60_000

/**
 * Timeout for the app's token, if this browser knows its user: a reload on a dead connection must open the pool, and a
 * request that hangs must not block later ones. A first sign-in has no timeout.
 */
const TIMEOUT_MS = 10_000

/**
 * Opens the session of a store on this browser.
 *
 * @throws RockpoolError `other_user` when somebody else's files are here, `forbidden` when the token does not name the
 *   store, `unauthenticated` when it is no JWT. Without a token (offline), the last known one is used.
 */
export const openSession = async (options: SessionOptions): Promise<Session> => {
  const { storeId, index, signerUrl, refreshUrl, clock = webPlatform.clock } = options
  const known = await index.get('session', 'session')
  let current = known ? { token: known.token, claims: readClaims(known.token) } : undefined
  let asking: Promise<string> | undefined
  /** calls of the app's function, and the newest one whose token was taken */
  let [asked, taken] = [0, 0]

  const ask = async (): Promise<string> => {
    const own = ++asked
    let token: string
    try {
      token = await options.token()
    } catch (cause) {
      throw noToken(cause)
    }
    const claims = readClaims(token)
    if (!claims.stores[storeId]?.includes('read')) {
      throw new RockpoolError('forbidden', `The token does not give the right to read the store "${storeId}".`)
    }
    // A call that took too long must not bring back an older token.
    if (own < taken) return current!.token
    taken = own
    await index.write([
      // Decided within the write: another user may open another tab at the same time.
      change('session', 'session', (row) => {
        if (row && row.user !== claims.sub) throw otherUser()
        return { id: 'session', storeId, user: claims.sub, signerUrl, token, ...(refreshUrl && { refreshUrl }) }
      }),
    ])
    if (own === taken) current = { token, claims }
    return token
  }

  const session: Session = {
    async token({ fresh = false } = {}) {
      const expiresAt = (current?.claims.exp ?? Infinity) * 1000
      if (current && !fresh && expiresAt - RENEW_BEFORE_MS > clock.now()) return current.token
      const answer = (asking ??= ask())
      const forget = () => {
        if (asking === answer) asking = undefined
      }
      answer.then(forget, forget)
      if (!current) return answer
      const late = new AbortController()
      return withDeadline(clock, TIMEOUT_MS, abortable(answer, late.signal), () => {
        forget()
        late.abort(noToken(new Error(`No response within ${TIMEOUT_MS / 1_000} s`)))
      })
    },
    claims: () => current?.claims,
  }
  await session.token({ fresh: true }).catch((error: unknown) => {
    if (!(error instanceof RockpoolError) || error.code !== 'offline') throw error
  })
  return session
}

/**
 * The claims of a JWT, unverified: the signer verifies. Used for the user's identity and for early refusals.
 *
 * @throws RockpoolError `unauthenticated` when it is no JWT with `sub` and `stores`
 */
export const readClaims = (token: string): TokenClaims => {
  try {
    const claims = JSON.parse(new TextDecoder().decode(fromBase64Url(token.split('.')[1]!))) as TokenClaims
    if (typeof claims.sub === 'string' && typeof claims.stores === 'object' && claims.stores !== null) return claims
  } catch (cause) {
    throw notAToken(cause)
  }
  throw notAToken()
}

const notAToken = (cause?: unknown): RockpoolError =>
  new RockpoolError(
    'unauthenticated',
    'The token is not a JWT with the claims "sub" and "stores". Check what your token function returns.',
    { cause },
  )

const otherUser = (): RockpoolError =>
  new RockpoolError(
    'other_user',
    "Another user's files of this store are on this browser. Let them sign out (erase) first.",
  )
