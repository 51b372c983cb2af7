export { type HybridStore, type HybridStoreOptions, openHybridStore } from './hybrid-store.ts'
export { type Replica, type ReplicationFailure } from './replicator.ts'
