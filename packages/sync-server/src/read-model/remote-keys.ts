/** The remote keys that the log names: what garbage collection asks for. */
import { type RemoteKey, RockpoolError } from '@rockpool/protocol'
import { type Query, statement } from './query.ts'
import type { Row } from './rows.ts'

export interface RemoteKeyPage {
  /** A key that several files have comes several times. */
  readonly keys: readonly RemoteKey[]
  /** `cursor` of the next page; undefined after the last one */
  readonly cursor: string | undefined
}

/**
 * Where a page begins. The log grows between two pages: a file that comes back to life in between may have stood on a page
 * before. So a pass over all files is followed by one over those that came back during it, until a pass ends without any.
 */
interface Position {
  /** files that came back after this number; 0: all files */
  readonly revivedSince: number
  /** head of the log when this pass began */
  readonly passHead: number
  /** number of the last version on the page before */
  readonly after: number
}

/** An edit lifts the tombstone of a file that was deleted at the same time. */
const REVIVED = "SELECT file FROM file_events WHERE seqNum > ? AND kind IN ('restored', 'replaced')"

/**
 * The keys of a page, by the number of their version. A file that was never replaced has one version, under its own number. So
 * a version keeps its place when the file is replaced between two pages.
 */
const keysWhere = (filesWhere: string): string => `
  SELECT seqNum, remoteKey FROM files
    WHERE seqNum > ? AND ${filesWhere} AND NOT EXISTS (SELECT 1 FROM versions WHERE file = files.seqNum)
  UNION ALL SELECT versions.seqNum, versions.remoteKey FROM versions JOIN files ON files.seqNum = versions.file
    WHERE versions.seqNum > ? AND ${filesWhere}
  ORDER BY seqNum LIMIT ?`

const ALL = keysWhere('true')
const LIVE = keysWhere('files.deletedAt IS NULL')
const LIVE_AGAIN = keysWhere(`files.deletedAt IS NULL AND files.seqNum IN (${REVIVED})`)

const keysOf = (rows: readonly Row[]) => rows.map(({ remoteKey }) => remoteKey as RemoteKey)

/**
 * Of all live files: the content, and the former ones. All pages together have every key that was live at any moment from the
 * first page to the last one.
 */
export function* readLiveKeys(head: number, limit: number, cursor?: string): Query<RemoteKeyPage> {
  const position = cursor === undefined ? { revivedSince: 0, passHead: head, after: 0 } : parsePosition(cursor)
  const { revivedSince, passHead, after } = position
  const rows = yield revivedSince === 0
    ? statement(LIVE, after, after, limit)
    : statement(LIVE_AGAIN, after, revivedSince, after, revivedSince, limit)
  if (rows.length === limit) return { keys: keysOf(rows), cursor: toCursor({ ...position, after: lastOf(rows) }) }
  const [revived] = yield statement(`${REVIVED} LIMIT 1`, passHead)
  const next = revived && toCursor({ revivedSince: passHead, passHead: head, after: 0 })
  return { keys: keysOf(rows), cursor: next }
}

/** Of all files, deleted ones included: every content that a file has or had. */
export function* readNamedKeys(limit: number, cursor?: string): Query<RemoteKeyPage> {
  const position = cursor === undefined ? { revivedSince: 0, passHead: 0, after: 0 } : parsePosition(cursor)
  const rows = yield statement(ALL, position.after, position.after, limit)
  const next = rows.length === limit ? toCursor({ ...position, after: lastOf(rows) }) : undefined
  return { keys: keysOf(rows), cursor: next }
}

const lastOf = (rows: readonly Row[]) => rows.at(-1)!.seqNum as number

const toCursor = ({ revivedSince, passHead, after }: Position) => `${revivedSince}.${passHead}.${after}`

const parsePosition = (cursor: string): Position => {
  const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(cursor)
  if (!match) throw new RockpoolError('bad_request', '"cursor" has to be the one of the page before.')
  const [revivedSince, passHead, after] = match.slice(1).map(Number) as [number, number, number]
  return { revivedSince, passHead, after }
}
