export { type LocalStore, type LocalStoreOptions, openLocalStore } from './local-store.ts'
export { rebuild, type RebuildOptions, type RebuildProgress, type RebuildReport } from './rebuild.ts'
