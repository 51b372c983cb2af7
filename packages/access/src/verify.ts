/** Verifying bearer tokens with jose: HS256 by a shared secret, or the keys of an identity provider's JWKS. */
import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose'
import { isRockpoolError, RockpoolError } from '@rockpool/protocol'
import { type Claims, readClaims } from './claims.ts'

/**
 * Says who sent a token.
 *
 * @throws RockpoolError `unauthenticated` for every token that cannot be verified; `storage_unavailable` when the keys that
 *   verify it are unavailable
 */
export type Authenticate = (token: string) => Promise<Claims>

/** Seconds by which the clocks of the issuer and of who verifies may differ. */
export const CLOCK_SKEW_SECONDS = 30

/** When a verifier stops accepting a token, in ms since 1970. */
export const expiryOf = ({ exp }: Claims): number =>
  exp === undefined ? Number.POSITIVE_INFINITY : (exp + CLOCK_SKEW_SECONDS) * 1000

/** Longer than any sensible token; refused before it is parsed. */
const MAX_TOKEN_LENGTH = 16_384

/** An HS256 key has at least the size of the hash (RFC 7518, section 3.2): shorter ones can be guessed. */
export const MIN_SECRET_BYTES = 32

/** Signatures by a key pair. HMAC is not among them: a public key must never be taken for a shared secret. */
const KEY_PAIR_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

export interface SharedSecretOptions {
  /** one secret or, while it is rotated, the new and the old one; 32 bytes at least */
  readonly secrets: readonly [string] | readonly [string, string]
  readonly issuer?: string
  readonly audience?: string
  /** unix ms; the system's unless set */
  readonly now?: () => number
}

/**
 * Tokens signed with a shared secret (HS256).
 *
 * @throws RockpoolError `bad_request` when a secret is shorter than 32 bytes
 */
export const sharedSecretTokens = ({ secrets, issuer, audience, now }: SharedSecretOptions): Authenticate => {
  const bytes = secrets.map((secret) => new TextEncoder().encode(secret))
  if (bytes.length < 1 || bytes.length > 2 || bytes.some((secret) => secret.length < MIN_SECRET_BYTES)) {
    throw new RockpoolError(
      'bad_request',
      `A token secret has at least ${MIN_SECRET_BYTES} bytes; give one, or two while rotating.`,
    )
  }
  const [current, former] = bytes.map(importOnce)
  const always = verifyOptions(['HS256'], issuer, audience)
  return remembering(async (token) => {
    const options = now === undefined ? always : { ...always, currentDate: new Date(now()) }
    try {
      return await verify(token, current!, options)
    } catch (error) {
      const wrongKey = (error as Error).cause instanceof errors.JWSSignatureVerificationFailed
      if (!former || !wrongKey) throw error
      return verify(token, former, options)
    }
  }, now)
}

/** The key, not its promise, is kept: a Worker may not wait for work that another request, maybe cancelled, has started. */
const importOnce = (secret: Uint8Array<ArrayBuffer>) => {
  let key: CryptoKey | undefined
  return async () =>
    (key ??= await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']))
}

export interface JwksOptions {
  readonly url: string
  readonly issuer: string
  readonly audience: string
}

/** Tokens of an identity provider: keys from its JWKS URL (cached, fetched again for an unknown key id). */
export const jwksTokens = ({ url, issuer, audience }: JwksOptions): Authenticate => {
  const keys = createRemoteJWKSet(new URL(url))
  const keyOf: JWTVerifyGetKey = (header, token) =>
    keys(header, token).catch((cause: unknown) => {
      // Only these are about the token; all else means that the keys are unavailable, which is not the client's fault.
      const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = errors
      if ([JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported].some((kind) => cause instanceof kind))
        throw cause
      throw new RockpoolError(
        'storage_unavailable',
        'The keys to verify tokens with cannot be reached. Try again soon.',
        {
          cause,
        },
      )
    })
  const options = verifyOptions(KEY_PAIR_ALGORITHMS, issuer, audience)
  return remembering((token) => verify(token, keyOf, options))
}

/** A client sends the same token with each call: a verified one is accepted for this time (ms), and never past its end. */
const REMEMBERED_MS = 60_000
/** Tokens remembered at a time. Only verified ones are, so bad ones cannot fill this. */
const MAX_REMEMBERED = 2_000

const remembering = (verify: Authenticate, clock = () => Date.now()): Authenticate => {
  const known = new Map<string, { readonly claims: Claims; readonly until: number }>()
  return async (token) => {
    const now = clock()
    const found = known.get(token)
    if (found && now < found.until) return found.claims
    const claims = await verify(token)
    if (known.size >= MAX_REMEMBERED) known.clear()
    known.set(token, { claims, until: Math.min(now + REMEMBERED_MS, expiryOf(claims)) })
    return claims
  }
}

const verifyOptions = (
  algorithms: string[],
  issuer: string | undefined,
  audience: string | undefined,
): JWTVerifyOptions => ({
  algorithms,
  clockTolerance: CLOCK_SKEW_SECONDS,
  ...(issuer !== undefined && { issuer }),
  ...(audience !== undefined && { audience }),
})

const verify = async (token: string, key: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<Claims> => {
  if (token.length > MAX_TOKEN_LENGTH)
    throw new RockpoolError('unauthenticated', 'The token is too long. Sign in again.')
  const { payload } = await jwtVerify(token, key, options).catch((error: unknown) => {
    throw refusalOf(error)
  })
  const claims = readClaims(payload)
  if (typeof claims === 'string')
    throw new RockpoolError('unauthenticated', `The token lacks what is needed here. ${claims}`)
  return claims
}

/** jose's errors, as what a client should do about them. The token itself is never repeated. */
const refusalOf = (cause: unknown) => {
  if (isRockpoolError(cause)) return cause
  if (cause instanceof errors.JWTExpired) {
    return new RockpoolError('unauthenticated', 'The token has expired. Get a fresh one.', { cause })
  }
  if (cause instanceof errors.JWTClaimValidationFailed) {
    return new RockpoolError(
      'unauthenticated',
      `The token was not made for here: its claim "${cause.claim}" does not fit.`,
      { cause },
    )
  }
  return new RockpoolError('unauthenticated', 'The token is not valid. Sign in again.', { cause })
}
