/** Acceptance suites of the ports: every adapter runs them with Vitest, in Node or in a browser. */
export * from './blob-store-suite.ts'
export * from './local-index-suite.ts'
export * from './record-log-refusal-suite.ts'
export * from './record-log-suite.ts'
export * from './signer-suite.ts'
