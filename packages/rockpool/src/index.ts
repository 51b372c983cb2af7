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
  ImportOptions,
  ImportReport,
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
export { legacyFolder, type LegacyFolderOptions } from '@rockpool/opfs'
export { type Buckets, type ErrorCode, isRockpoolError, removeBidiControls, RockpoolError } from '@rockpool/protocol'
