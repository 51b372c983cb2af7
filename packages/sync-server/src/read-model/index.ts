export type { FileEvent, FileEventKind, FileEventPage } from './file-events.ts'
export type { FileFilter, FileQuery, Range } from './file-query.ts'
export {
  type FilePage,
  type FileUsage,
  keysOf,
  type PageOptions,
  type ReadModel,
  type ReadModelFailure,
} from './read-model.ts'
export type { RemoteKeyPage } from './remote-keys.ts'
export type { StoredFile } from './rows.ts'
