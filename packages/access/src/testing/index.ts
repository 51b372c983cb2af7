/** For tests of whoever takes tokens: tokens to be taken and refused, an identity provider that signs some, and events. */
export { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
export { ADDRESS, legacyArgs, poolArgs } from './sample-args.ts'
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
