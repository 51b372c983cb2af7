/** Rockpool's sync server: one event log per store, over HTTP and WebSocket (docs/contracts/sync-http.md). */
export { memoryLogs } from './adapters/memory.ts'
export { type Clock, pause, systemClock } from './clock.ts'
export { appendLost } from './operator/append-lost.ts'
export {
  type AppendOptions,
  type AppendResult,
  type EventLog,
  EventLogError,
  type EventLogErrorCode,
  isEventLogError,
  type Logs,
  type Page,
  type ReadLimits,
  type Usage,
} from './event-log/event-log.ts'
export type { LogEvent, Origin, StoredEvent } from './event-log/event.ts'
export type { IndexedRefusal } from './gate/judge-push.ts'
export type { FileLedger, Upload } from './gate/file-ledger.ts'
export { type FileQuota, type FileUse, quotaMessage } from './gate/file-quota.ts'
export { localFileLedger } from './gate/local-file-ledger.ts'
export type { Quota } from './gate/quota.ts'
export { sharedFileLedger } from './gate/shared-file-ledger.ts'
export type { SqlEventLog } from './event-log/sql-log.ts'
export { type AllowedOrigins } from './http/cors.ts'
export { SYNC_ERRORS, type SyncErrorCode } from './http/errors.ts'
export { type SyncOptions } from './http/handler.ts'
export { type RateLimit } from './http/identify.ts'
export type { Piece, Reply, SyncRequest } from './http/reply.ts'
export { SUBPROTOCOL } from './live/accept.ts'
export { type Transport } from './live/hub.ts'
export { CLOSE } from './live/publish.ts'
export type { ClaimChecks } from './read-model/claim-checker.ts'
export { checkClaims, type CheckClaimsOptions, type ClaimsChecked } from './read-model/check-claims.ts'
export type { Claim, ClaimedPage, ClaimQuery } from './read-model/claims.ts'
export type { FileEvent, FileEventKind, FileEventPage } from './read-model/file-events.ts'
export type { FileFilter, FileQuery, Range, Reader } from './read-model/file-query.ts'
export {
  type FilePage,
  type FileUsage,
  keysOf,
  type PageOptions,
  type ReadModel,
  type ReadModelFailure,
} from './read-model/read-model.ts'
export type { RemoteKeyPage } from './read-model/remote-keys.ts'
export type { CheckedContent, ContentCheck, StoredFile } from './read-model/rows.ts'
export { type FindOptions, findRefused, type FoundEvent } from './redact/find-refused.ts'
export type { Redaction, RedactionCause, RedactResult } from './redact/redaction.ts'
export { createSyncServer, type LiveConnection, type SyncServer, type Upgrade } from './server.ts'
