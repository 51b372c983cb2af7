/** What runs and looks after a signer on Node: its settings, its object store, the S3 bucket, garbage collection. */
export { readS3, readSignerConfig, type SignerConfig, type StoreConfig } from './config.ts'
export { configuredSigner } from './configured-signer.ts'
export { type CollectReport } from './gc/collect.ts'
export { collectAll, type GcFlags } from './gc/command.ts'
export { DEFAULT_RULES, SHORTEST_SAFE_GRACE_MS } from './gc/verdict.ts'
export { type OpenedStore, openStore } from './open-store.ts'
export { examine } from './s3/doctor.ts'
export { initBucket, type InitStep } from './s3/init.ts'
