export type { Authorize, AuthorizeRequest, Decision, HoldOf } from './access.ts'
export { createSigner, type Signer } from './app.ts'
export { readS3, readSignerConfig, type SignerConfig } from './config.ts'
export { configuredSigner } from './configured-signer.ts'
export { describeError } from './errors.ts'
export type { RequestLine, SignerEvent, SignerHooks } from './hooks.ts'
export type { CheckQuota, SignerOptions } from './options.ts'
export { createRateLimit, DEFAULT_RATE_LIMIT, type RateLimitRules } from './rate-limit.ts'
export type { RequestSource } from './request-context.ts'
export { hasContent, objectsOf } from './stored-content.ts'
export {
  type Authenticate,
  type Claims,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from '@rockpool/access'
