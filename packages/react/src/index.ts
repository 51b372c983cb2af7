/** React hooks over a Rockpool pool. */
export * from './pool-context.ts'
export * from './use-files.ts'
export * from './use-file-status.ts'
export * from './use-file-url.ts'
export * from './use-refused-changes.ts'
export * from './use-storage.ts'
export * from './use-sync-status.ts'
