/**
 * What the log means: the files of a store, as every client sees them, readable without a client. Derived from the events by
 * the clients' decoder and rules. Every call sees all events that were appended before it.
 */
import type { FileVersion } from '@rockpool/core/records'
import { MAX_CONTENT_SIZE, type RemoteKey } from '@rockpool/protocol'
import { EventLogError } from '../event-log/event-log.ts'
import type { Sql } from '../event-log/sql.ts'
import { catchUp } from './catch-up.ts'
import { type Claim, type ClaimedPage, type ClaimQuery, readClaims, settleClaim } from './claims.ts'
import { type FileEventPage, readFileEvents } from './file-events.ts'
import { cursorAfter, type FileFilter, type FileQuery, limitOf, toStatement, whereOf } from './file-query.ts'
import { readLiveKeys, readNamedKeys, type RemoteKeyPage } from './remote-keys.ts'
import {
  type CheckedContent,
  type ContentCheck,
  type StoredFile,
  toCheckedContent,
  toFile,
  toFirstVersion,
  toVersion,
} from './rows.ts'
import { readApplied, resetTables } from './schema.ts'

export interface ReadModel {
  /** The file, deleted or not. */
  file(id: string): Promise<StoredFile | undefined>
  /** What a file has and had, oldest first. */
  versions(fileId: string): Promise<readonly FileVersion[]>
  /** What the log and the last check say of a content in object storage. */
  content(remoteKey: RemoteKey): Promise<CheckedContent | undefined>

  /** A page of files. @throws RockpoolError `bad_request` for a limit or a cursor that is none */
  files(query?: FileQuery): Promise<FilePage>

  /** How many files match, and their bytes. Takes time in proportion to them. */
  usage(filter?: FileFilter): Promise<FileUsage>

  /** What happened to files after the event `since`; 0 for all. @throws RockpoolError `bad_request` */
  fileEvents(options: { readonly since: number; readonly limit?: number }): Promise<FileEventPage>

  /**
   * The remote keys that garbage collection must not touch: of live files, former contents included. All pages together have
   * every key that was live at any moment from the first page to the last one. {@link keysOf} reads all pages.
   *
   * @throws EventLogError `incomplete` when an event could not be applied: a key may be missing
   * @throws RockpoolError `bad_request`
   */
  liveKeys(options?: PageOptions): Promise<RemoteKeyPage>

  /**
   * Contents that the log says are stored, by events without a receipt, and that no check has found. `checkClaims` checks them.
   *
   * @throws RockpoolError `bad_request`
   */
  claimedContents(query?: ClaimQuery): Promise<ClaimedPage>

  /**
   * Takes the result of a check. It is kept in these tables only: no event is appended, and a rebuild forgets it.
   *
   * @returns false when the log has said something else about the content since the claim: nothing is kept then
   */
  settleClaim(claim: Claim, check: ContentCheck): Promise<boolean>

  /** As `liveKeys`, but of deleted files, too. */
  namedKeys(options?: PageOptions): Promise<RemoteKeyPage>

  /** The first 100 events that could not be applied. Clients may see other files than this model then. */
  failures(): Promise<readonly ReadModelFailure[]>

  /** Makes the tables anew from the log. When it is interrupted, the next call of any method finishes it. */
  rebuild(): Promise<void>
}

export interface PageOptions {
  /** 1 to 1,000; 1,000 unless set */
  readonly limit?: number
  /** `cursor` of the page before */
  readonly cursor?: string
}

export interface FilePage {
  readonly files: readonly StoredFile[]
  /** `cursor` of the next page; undefined after the last one */
  readonly cursor: string | undefined
}

export interface FileUsage {
  readonly files: number
  /** Sizes are what clients say. One that no content can have counts as the largest that it can. */
  readonly bytes: number
}

export interface ReadModelFailure {
  /** number of the event in the log */
  readonly seqNum: number
  /** name of the event */
  readonly name: string
  readonly message: string
}

const MAX_FAILURES = 100
const MAX_KEYS = 1_000

const FAILURES = 'SELECT seqNum, name, message FROM read_model_failures ORDER BY seqNum LIMIT ?'
const FILE = 'SELECT * FROM files WHERE id = ?'
const VERSIONS = `SELECT versions.*, files.id AS fileId FROM files JOIN versions ON versions.file = files.seqNum
  WHERE files.id = ? ORDER BY versions.seqNum`

/** @param sql asked for at each call, so that an adapter can close idle files */
export const sqlReadModel = (sql: () => Sql): ReadModel => {
  const read = <A>(work: (sql: Sql) => A): Promise<A> => catchUp(sql, work)
  const first = (database: Sql, query: string, ...values: string[]) => Array.from(database.rows(query, ...values))[0]

  const requireComplete = (database: Sql) => {
    const [failure] = failuresOf(database, 1)
    if (!failure) return
    const [log] = Array.from(database.rows('SELECT storeId FROM log'))
    throw new EventLogError(
      'incomplete',
      `Event ${failure.seqNum} (${failure.name}) of "${String(log?.storeId)}" could not be applied: ${failure.message}. ` +
        'Update this server and rebuild the read model; until then no bytes of this store are collected.',
    )
  }

  return {
    file: (id) =>
      read((database) => {
        const row = first(database, FILE, id)
        return row && toFile(row)
      }),
    versions: (fileId) =>
      read((database) => {
        const versions = Array.from(database.rows(VERSIONS, fileId), toVersion)
        const file = versions.length === 0 ? first(database, FILE, fileId) : undefined
        return file ? [toFirstVersion(toFile(file))] : versions
      }),
    content: (remoteKey) =>
      read((database) => {
        const row = first(database, 'SELECT * FROM contents WHERE remoteKey = ?', remoteKey)
        return row && toCheckedContent(row)
      }),
    files: async (query = {}) => {
      const [statement, limit] = [toStatement(query), limitOf(query.limit)]
      return read((database) => {
        const rows = Array.from(database.rows(statement.sql, ...statement.values), toFile)
        const files = rows.slice(0, limit)
        return { files, cursor: rows.length > limit ? cursorAfter(files.at(-1)!, query) : undefined }
      })
    },
    usage: (filter = {}) =>
      read((database) => {
        const { where, values } = whereOf(filter)
        const query = `SELECT count(*) AS files, coalesce(sum(min(size, ${MAX_CONTENT_SIZE})), 0) AS bytes FROM files ${where}`
        const [row] = Array.from(database.rows(query, ...values))
        return row as unknown as FileUsage
      }),
    fileEvents: async ({ since, limit }) => {
      const max = limitOf(limit)
      return read((database) => readFileEvents(database, since, max, readApplied(database)))
    },
    liveKeys: async ({ limit = MAX_KEYS, cursor } = {}) => {
      const max = limitOf(limit)
      return read((database) => {
        requireComplete(database)
        return readLiveKeys(database, readApplied(database), max, cursor)
      })
    },
    namedKeys: async ({ limit = MAX_KEYS, cursor } = {}) => {
      const max = limitOf(limit)
      return read((database) => {
        requireComplete(database)
        return readNamedKeys(database, max, cursor)
      })
    },
    claimedContents: async ({ limit, ...query } = {}) => {
      const max = limitOf(limit)
      return read((database) => readClaims(database, { ...query, limit: max }))
    },
    settleClaim: (claim, check) => read((database) => settleClaim(database, claim, check)),
    failures: () => read((database) => failuresOf(database, MAX_FAILURES)),
    rebuild: async () => {
      resetTables(sql())
      await catchUp(sql)
    },
  }
}

const failuresOf = (sql: Sql, limit: number) => Array.from(sql.rows(FAILURES, limit)) as unknown as ReadModelFailure[]

/** All pages of `readModel.liveKeys` or `readModel.namedKeys`, in constant memory. */
export async function* keysOf(
  readPage: (options: PageOptions) => Promise<RemoteKeyPage>,
): AsyncGenerator<readonly RemoteKey[], void> {
  let cursor: string | undefined
  do {
    const page = await readPage(cursor === undefined ? {} : { cursor })
    yield page.keys
    cursor = page.cursor
  } while (cursor !== undefined)
}
