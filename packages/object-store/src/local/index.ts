export { type LocalStore, type LocalStoreOptions, openLocalStore } from './local-store.ts'
