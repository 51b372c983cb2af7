/** What happened to the files of a store, in the order of the log. */
import type { RemoteKey } from '@rockpool/protocol'
import { type Query, statement } from './query.ts'

/** `replaced` also brings back a file that was deleted. Events that change nothing are not among these. */
export type FileEventKind = 'added' | 'replaced' | 'renamed' | 'metaSet' | 'deleted' | 'restored'

export interface FileEvent {
  /** number of the event in the log */
  readonly seqNum: number
  readonly kind: FileEventKind
  readonly fileId: string
  /** of the file as it is now */
  readonly bucket: string
  /** of a file that was added with a path, else null */
  readonly path: string | null
  /** the file's content after this event */
  readonly remoteKey: RemoteKey
  /** `sub` of the user who added the file; null when it was imported */
  readonly ownerId: string | null
  /** `sub` of the user who pushed this event; null when it was imported */
  readonly sub: string | null
  /** the server's time when the event was stored, in unix ms */
  readonly at: number
}

export interface FileEventPage {
  readonly events: readonly FileEvent[]
  /** `since` of the next page */
  readonly next: number
  /** whether there are more events now */
  readonly more: boolean
}

/** A file that was never replaced has no row in `versions`. */
const REMOTE_KEY_THEN = `coalesce(
    (SELECT versions.remoteKey FROM versions WHERE versions.file = page.file AND versions.seqNum <= page.seqNum
      ORDER BY versions.seqNum DESC LIMIT 1),
    files.remoteKey
  )`

const EVENTS = `WITH page AS (
    SELECT seqNum, 'added' AS kind, seqNum AS file FROM files WHERE seqNum > ?
    UNION ALL SELECT seqNum, kind, file FROM file_events WHERE seqNum > ?
    ORDER BY seqNum LIMIT ?
  )
  SELECT page.seqNum, kind, files.id AS fileId, bucket, path, ${REMOTE_KEY_THEN} AS remoteKey, ownerId, sub, events.at
  FROM page
  JOIN files ON files.seqNum = page.file JOIN events ON events.seqNum = page.seqNum ORDER BY page.seqNum`

/** @param head number of the last event of the log: where the page after the last one begins */
export function* readFileEvents(since: number, limit: number, head: number): Query<FileEventPage> {
  const found = (yield statement(EVENTS, since, since, limit + 1)) as unknown as readonly FileEvent[]
  const events = found.slice(0, limit)
  const more = found.length > limit
  return { events, next: more ? events.at(-1)!.seqNum : Math.max(since, head), more }
}
