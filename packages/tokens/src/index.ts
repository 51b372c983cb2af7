/** Which tokens are good, and what they say: one answer for the signer and the sync backend. */
export type { Claims } from './claims.ts'
export { type Environment, environmentOf, readTokens, type TokenSettings, tokensOf } from './settings.ts'
export {
  type Authenticate,
  CLOCK_SKEW_SECONDS,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from './verify.ts'
