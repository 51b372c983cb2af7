/** For tests of whoever takes tokens: tokens to be taken and refused, and an identity provider that signs some. */
export { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
export { signToken, type SignTokenOptions } from './sign-token.ts'
export {
  AUDIENCE,
  FORMER_SECRET,
  ISSUER,
  keyPairCases,
  SECRET,
  sharedSecretCases,
  type TokenCase,
} from './token-cases.ts'
