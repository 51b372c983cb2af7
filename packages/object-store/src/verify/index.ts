export {
  type Damage,
  type VerifiableStore,
  verify,
  type VerifyOptions,
  type VerifyProgress,
  type VerifyReport,
} from './verify.ts'
