export { type MakeStore, objectStoreSuite, type StoreSetup } from './object-store-suite.ts'
export { serveChecksums } from './serve-checksums.ts'
export { serveFetch, type Serving } from './serve-fetch.ts'
