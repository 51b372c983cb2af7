/** Who may, and where: which tokens are good, what they say, which buckets there are. One answer for signer and sync backend. */
export { readBuckets } from './buckets.ts'
export { checkEvent, checkPush, checkWriter, type PushedEvent, type Pusher } from './check-push.ts'
export { type Claims, hasRight } from './claims.ts'
export { type Environment, environmentOf, variable, wrongVariable } from './environment.ts'
export { readOrigins } from './origins.ts'
export { readTokens, type TokenSettings, tokensOf } from './settings.ts'
export {
  type Authenticate,
  CLOCK_SKEW_SECONDS,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from './verify.ts'
