export { type HybridStore, type HybridStoreOptions, openHybridStore } from './hybrid-store.ts'
