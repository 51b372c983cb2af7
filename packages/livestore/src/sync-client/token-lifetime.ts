/**
 * How long a token is valid, without trusting the clock of the device: it may be a day off. The server decides; a wrong
 * estimate costs one response with 401.
 */
import { fromBase64Url } from '@rockpool/protocol'

/** A token is replaced this long before it ends, or at half its life if that is sooner. */
const RENEWAL_MARGIN_MS = 30_000
/** A shorter life is a mistake of the issuer, or of the clock: the token is used until the server rejects it. */
const MIN_LIFETIME_MS = 2_000
/** The longest that a timer can wait. */
const MAX_LIFETIME_MS = 2 ** 31 - 1

export interface TokenTimes {
  /** JWT claims, in seconds */
  readonly exp?: number
  readonly iat?: number
}

/** The claims of a JWT, not verified. Nothing for a token of another kind. */
export const readTokenTimes = (token: string): TokenTimes => {
  try {
    const payload = new TextDecoder().decode(fromBase64Url(token.split('.')[1]!))
    const { exp, iat } = JSON.parse(payload) as Record<string, unknown>
    return { ...(typeof exp === 'number' && { exp }), ...(typeof iat === 'number' && { iat }) }
  } catch {
    return {}
  }
}

/**
 * ms after which to ask for the next token.
 *
 * @param serverNowMs the server's time by its `Date` header; undefined when unknown (CORS hides it unless exposed)
 * @param deviceNowMs the device's time: the last resort
 */
export const renewAfterMs = (
  { exp, iat }: TokenTimes,
  serverNowMs: number | undefined,
  deviceNowMs: number,
): number => {
  if (exp === undefined) return MAX_LIFETIME_MS
  const lifetime = (() => {
    if (serverNowMs !== undefined) return exp * 1_000 - serverNowMs
    if (iat !== undefined) return (exp - iat) * 1_000
    return exp * 1_000 - deviceNowMs
  })()
  if (lifetime < MIN_LIFETIME_MS) return MAX_LIFETIME_MS
  return Math.min(Math.max(lifetime - RENEWAL_MARGIN_MS, lifetime / 2), MAX_LIFETIME_MS)
}
