/** In-memory adapters of the engine's ports, for tests and for what need not outlive the process. */
export * from './blob-store.ts'
export * from './local-index.ts'
export * from './page.ts'
export * from './record-log.ts'
export * from './sync-backend.ts'
export * from './signer.ts'
