/** For tests of whoever takes tokens: tokens to be taken and refused, and an identity provider that signs some. */
export { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
export {
  AUDIENCE,
  FORMER_SECRET,
  ISSUER,
  keyPairCases,
  SECRET,
  sharedSecretCases,
  type TokenCase,
} from './token-cases.ts'
