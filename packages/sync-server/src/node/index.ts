/** The sync server on Node. */
export { lockFolder } from '../adapters/sqlite/folder-lock.ts'
export { type SqliteLogs, sqliteLogs, type SqliteLogsOptions } from '../adapters/sqlite/index.ts'
export { findSyncCfFiles, importSyncCfLog, type ImportedLog, type ImportOptions } from '../import/sync-cf-file.ts'
export { createSyncListener, type SyncListener } from './listener.ts'
export { type RunningSyncServer, type StartOptions, startSyncServer } from './start.ts'
