/** What signer and sync server share: verified tokens, their rights, buckets, allowed origins. */
export { readBuckets } from './buckets.ts'
export { checkEvent, checkPush, checkWriter, type PushedEvent, type Pusher } from './check-push.ts'
export { type Claims, hasRight } from './claims.ts'
export { type Environment, environmentOf, variable, wrongVariable } from './environment.ts'
export { readOrigins } from './origins.ts'
export { readTokens, type TokenSettings, tokensOf } from './settings.ts'
export {
  type Authenticate,
  CLOCK_SKEW_SECONDS,
  expiryOf,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from './verify.ts'
