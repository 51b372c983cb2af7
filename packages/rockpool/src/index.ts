export { openPool, type OpenPoolOptions } from './open-pool.ts'
export type {
  AddOptions,
  FileMeta,
  FileQuery,
  FileRecord,
  FileSource,
  FileState,
  FileStatus,
  FileVersion,
  OpenOptions,
  Pool,
  PoolEvents,
  RefusedChange,
  RefusedEdit,
  ReplaceOptions,
  StorageReport,
  SyncReason,
  SyncReasonCode,
  SyncState,
  SyncStatus,
} from '@rockpool/core'
export { type Buckets, type ErrorCode, isRockpoolError, RockpoolError } from '@rockpool/protocol'
