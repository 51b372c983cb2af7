/** Acceptance suites: `eventLogSuite`, `groupCommitCases`, `readModelSuite`, `redactSuite` for adapters; `syncServerSuite` for servers of the HTTP contract; a clock that tests move. */
export { testClock, type TestClock } from './clock.ts'
export { type EventLogSubject, eventLogSuite } from './event-log-suite.ts'
export { eventsAfter, toWire } from './events.ts'
export { groupCommitCases } from './group-commit-cases.ts'
export { type HttpClient, httpClient, type SyncBody, type SyncResponse } from './http-client.ts'
export {
  type ReadModelStatements,
  type ReadModelSubject,
  readModelSuite,
  SQLITE_STATEMENTS,
} from './read-model-suite.ts'
export { redactSuite } from './redact-suite.ts'
export {
  type ServerFeatures,
  type ServerSubject,
  SUITE_BUCKETS,
  SUITE_SECRET,
  syncServerSuite,
} from './server-suite.ts'
