/** What applying an event reads and writes. */
import type { RemoteKey } from '@rockpool/protocol'
import type { PoolEvent } from './events.ts'
import type { LegacyEvent } from './legacy-event.ts'
import type { FileRecord, FileVersion, RemoteContent } from './record.ts'

/** An event that says something about files: ours, or one of livestore-filesync. */
export type RecordEvent = PoolEvent | LegacyEvent

/** The records that `applyEvent` reads. */
export interface RecordState {
  readonly applied: (opId: string) => boolean
  readonly file: (id: string) => FileRecord | undefined
  readonly version: (id: string) => FileVersion | undefined
  readonly remoteContent: (key: RemoteKey) => RemoteContent | undefined
}

/** One row to write; all changes of an event are written together. */
export type RecordChange =
  | { readonly table: 'files'; readonly row: FileRecord }
  | { readonly table: 'versions'; readonly row: FileVersion }
  | { readonly table: 'remoteContents'; readonly row: RemoteContent }
  /** `subject`: file id or remote key of the event */
  | { readonly table: 'operations'; readonly row: { readonly opId: string; readonly subject: string } }
