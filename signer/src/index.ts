export type { Authorize, AuthorizeRequest, Decision } from './access.ts'
export { createSigner, type RequestSource, type Signer, type SignerOptions } from './app.ts'
export type { Claims } from './claims.ts'
export type { RequestLine, SignerEvent, SignerHooks } from './hooks.ts'
export { DEFAULT_RATE_LIMIT, type RateLimitRules } from './rate-limit.ts'
export {
  type Authenticate,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from './token.ts'
