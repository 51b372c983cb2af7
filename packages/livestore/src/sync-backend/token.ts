/** The token that the signer takes as well: HS256 with one shared secret or, while it is rotated, two. */
import type { Right, TokenClaims } from '@rockpool/protocol'
import { errors, jwtVerify } from 'jose'

/** Seconds by which the clocks of issuer and backend may differ. The same as the signer's. */
export const CLOCK_SKEW_SECONDS = 30

/** An HS256 key has at least the size of the hash (RFC 7518, section 3.2): shorter ones can be guessed. */
const SHORTEST_SECRET = 32

const RIGHTS: ReadonlySet<unknown> = new Set<Right>(['read', 'write', 'delete'])

/**
 * The claims of a token that is surely good, else a sentence that says what is wrong. Without a secret, or with one that is
 * too short, no token is good.
 */
export const verifyToken = async (token: unknown, secrets: readonly string[]): Promise<TokenClaims | string> => {
  if (typeof token !== 'string') return 'There is no token. Sign in.'
  const keys = secrets.map((secret) => new TextEncoder().encode(secret))
  if (keys.length === 0 || keys.some((key) => key.length < SHORTEST_SECRET)) {
    return `The sync backend lets no one in: it needs a token secret of at least ${SHORTEST_SECRET} bytes.`
  }
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], clockTolerance: CLOCK_SKEW_SECONDS })
      return readClaims(payload)
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue
      return error instanceof errors.JWTExpired
        ? 'The token has expired. Get a fresh one.'
        : 'The token is not valid. Sign in again.'
    }
  }
  return 'The token is not valid. Sign in again.'
}

const readClaims = ({ sub, stores, exp }: Readonly<Record<string, unknown>>): TokenClaims | string => {
  if (typeof sub !== 'string' || sub === '') return 'The token lacks the claim "sub", the user.'
  if (
    typeof stores !== 'object' ||
    stores === null ||
    Array.isArray(stores) ||
    !Object.values(stores).every(isRights)
  ) {
    return 'The token lacks the claim "stores": {"<storeId>": ["read", "write", "delete"]}.'
  }
  return { sub, stores: stores as TokenClaims['stores'], ...(typeof exp === 'number' && { exp }) }
}

const isRights = (value: unknown): boolean => Array.isArray(value) && value.every((right) => RIGHTS.has(right))
