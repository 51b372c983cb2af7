export type { Authorize, AuthorizeRequest, Decision } from './access.ts'
export { createSigner, type RequestSource, type Signer, type SignerOptions } from './app.ts'
export { collect, type CollectOptions, type CollectReport } from './gc/collect.ts'
export type { LiveSet, LiveSets } from './gc/live-set.ts'
export type { RequestLine, SignerEvent, SignerHooks } from './hooks.ts'
export { DEFAULT_RATE_LIMIT, type RateLimitRules } from './rate-limit.ts'
export {
  type Authenticate,
  type Claims,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from '@rockpool/access'
