export { type LocalStoreOptions, openLocalStore } from './local-store.ts'
