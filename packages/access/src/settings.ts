/** Which tokens and receipts are good, as an environment says: the same variables for the signer and the sync backend. */
import { type Environment, variable, wrongVariable as wrong } from './environment.ts'
import {
  type Authenticate,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
  MIN_SECRET_BYTES,
} from './verify.ts'

export type TokenSettings =
  | ({ readonly kind: 'secret' } & SharedSecretOptions)
  | ({ readonly kind: 'jwks' } & JwksOptions)

/**
 * Reads `ROCKPOOL_JWT_SECRET` and, while it is rotated, `ROCKPOOL_JWT_SECRET_FORMER`, or `ROCKPOOL_JWKS_URL`; and
 * `ROCKPOOL_JWT_ISSUER` and `ROCKPOOL_JWT_AUDIENCE`, which a JWKS needs. An empty variable counts as not set.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable, never its value
 */
export const readTokens = (env: Environment): TokenSettings => {
  const text = (name: string) => variable(env, name)
  const [secret, former] = [text('ROCKPOOL_JWT_SECRET'), text('ROCKPOOL_JWT_SECRET_FORMER')]
  const [issuer, audience] = [text('ROCKPOOL_JWT_ISSUER'), text('ROCKPOOL_JWT_AUDIENCE')]
  const url = text('ROCKPOOL_JWKS_URL')
  if (url !== undefined) {
    if (secret !== undefined) throw wrong('ROCKPOOL_JWKS_URL', 'set it or ROCKPOOL_JWT_SECRET, not both')
    if (!isKeysUrl(url)) throw wrong('ROCKPOOL_JWKS_URL', 'it is an https URL, without a query')
    if (issuer === undefined) throw wrong('ROCKPOOL_JWT_ISSUER', 'is needed with ROCKPOOL_JWKS_URL')
    if (audience === undefined) throw wrong('ROCKPOOL_JWT_AUDIENCE', 'is needed with ROCKPOOL_JWKS_URL')
    return { kind: 'jwks', url, issuer, audience }
  }
  if (secret === undefined) {
    throw wrong('ROCKPOOL_JWT_SECRET', 'set it, or ROCKPOOL_JWKS_URL: without one of them no token can be verified')
  }
  requireLength('ROCKPOOL_JWT_SECRET', secret)
  requireLength('ROCKPOOL_JWT_SECRET_FORMER', former)
  return {
    kind: 'secret',
    secrets: former === undefined ? [secret] : [secret, former],
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
  }
}

/**
 * The secrets of receipts, the current one first: `ROCKPOOL_RECEIPT_SECRET` and, while it is rotated,
 * `ROCKPOOL_RECEIPT_SECRET_FORMER`; unless set, the token secrets. With neither there are none: the signer gives no receipts
 * and the sync server takes none.
 *
 * @throws RockpoolError `bad_request`, whose message is one line naming the variable, never its value
 */
export const readReceiptSecrets = (env: Environment): readonly string[] => {
  const secret = variable(env, 'ROCKPOOL_RECEIPT_SECRET')
  const former = variable(env, 'ROCKPOOL_RECEIPT_SECRET_FORMER')
  if (secret === undefined) {
    if (former !== undefined) throw wrong('ROCKPOOL_RECEIPT_SECRET', 'is needed with ROCKPOOL_RECEIPT_SECRET_FORMER')
    const tokens = readTokens(env)
    return tokens.kind === 'secret' ? tokens.secrets : []
  }
  requireLength('ROCKPOOL_RECEIPT_SECRET', secret)
  requireLength('ROCKPOOL_RECEIPT_SECRET_FORMER', former)
  return former === undefined ? [secret] : [secret, former]
}

const requireLength = (name: string, secret: string | undefined): void => {
  if (secret !== undefined && new TextEncoder().encode(secret).length < MIN_SECRET_BYTES) {
    throw wrong(name, `a secret has at least ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -base64 32`)
  }
}

/** Verifies tokens by these settings. */
export const tokensOf = (settings: TokenSettings): Authenticate =>
  settings.kind === 'jwks' ? jwksTokens(settings) : sharedSecretTokens(settings)

/** Keys that decide about rights must come over https; on this machine http is enough. */
const isKeysUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, search, hash } = new URL(text)
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  return (protocol === 'https:' || (protocol === 'http:' && isLoopback)) && !(username || search || hash)
}
