/** The sync server on Node. */
export { sqliteLogs, type SqliteLogsOptions } from '../adapters/sqlite/index.ts'
export { createSyncListener, type SyncListener } from './listener.ts'
export { type RunningSyncServer, type StartOptions, startSyncServer } from './start.ts'
