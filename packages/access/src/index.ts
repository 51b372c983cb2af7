/** What signer and sync server share: verified tokens, their rights, buckets, allowed origins. */
export { decodeBuckets, readBuckets } from './buckets.ts'
export { type Claims, hasRequestRight, hasRight } from './claims.ts'
export { checkEvent, eventTooLarge, isDeleteEvent, MAX_CLIENT_ID_LENGTH, MAX_EVENT_BYTES } from './gate/check-event.ts'
export { checkPush, checkWriter } from './gate/check-push.ts'
export { checkReceipt, hasReceipt } from './gate/check-receipt.ts'
export { type JsonText, toJsonText } from './gate/json-text.ts'
export { type PushedEvent, type Pusher } from './gate/pusher.ts'
export { malformed, type Refusal, type RefusalCode } from './gate/refusal.ts'
export { type Environment, environmentOf, refuseUnknown, variable, wrongVariable } from './environment.ts'
export { type HoldState, requireReleased } from './hold.ts'
export { readOrigins } from './origins.ts'
export { readBearer } from './read-bearer.ts'
export { receiptSigner, receiptVerifier, type SignReceipt, type VerifyReceipt } from './receipts.ts'
export { readReceiptSecrets, readTokens, type TokenSettings, tokensOf } from './settings.ts'
export { booleanVariable, numberVariable, requiredVariable, urlVariable } from './typed-variables.ts'
export {
  type Authenticate,
  CLOCK_SKEW_SECONDS,
  expiryOf,
  jwksTokens,
  type JwksOptions,
  sharedSecretTokens,
  type SharedSecretOptions,
} from './verify.ts'
