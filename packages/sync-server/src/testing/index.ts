/** Acceptance suites: for adapters of the event log. */
export { type EventLogSubject, eventLogSuite } from './event-log-suite.ts'
export { eventsAfter, toWire } from './events.ts'
