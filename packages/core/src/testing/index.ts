/** Acceptance suites of the ports, which every adapter runs with Vitest, in Node or in a browser; and content to test with. */
export * from './blob-store-suite.ts'
export * from './local-index-suite.ts'
export { oldFileEvents } from './old-app.ts'
export * from './record-log-refusal-suite.ts'
export * from './record-log-suite.ts'
export * from './signer-suite.ts'
export * from './stored-content.ts'
