export { type MakeStore, objectStoreSuite, type StoreSetup } from './object-store-suite.ts'
export { serveChecksums } from './serve-checksums.ts'
export { serveFetch, type Serving } from './serve-fetch.ts'
export { clientOf, createdBucket, environmentOfBucket, type TestBucket, testBucket } from './test-bucket.ts'
