/** Claim check: stages of a pipeline exchange references to artifacts in an S3-compatible store. */
export { type Artifacts, type ArtifactsOptions, createArtifacts } from './artifacts.ts'
export { type Environment, readEnvironment } from './environment.ts'
export { ArtifactError, type ArtifactErrorCode, isArtifactError } from './errors.ts'
export type { ArtifactLocation, TmpLocation } from './keys.ts'
export type { ListedArtifact } from './list-artifacts.ts'
export type { PutOptions } from './put-artifact.ts'
export { type ArtifactRef, parseArtifactRef } from './reference.ts'
export type { Removed, RemoveExpiredOptions } from './remove-expired.ts'
export type { LogRecord, RequestLog } from './request-logs.ts'
export type { CallOptions, RequestState, StateSnapshot } from './request-state.ts'
export type { ArtifactSource } from './source.ts'
export type { S3Settings } from './storage/s3-storage.ts'
export type { ServerSettings } from './storage/server-storage.ts'
export {
  type ArtifactKey,
  type ArtifactName,
  type ContentAddress,
  parseArtifactKey,
  type RequestId,
  type Stage,
  type TmpArea,
} from '@rockpool/protocol'
