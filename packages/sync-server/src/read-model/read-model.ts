/**
 * What the log means: the files of a store, as every client sees them, readable without a client. Derived from the events by
 * the clients' decoder and rules. Every call sees all events that were appended before it.
 */
import type { FileVersion } from '@rockpool/core/records'
import { MAX_CONTENT_SIZE, type RemoteKey } from '@rockpool/protocol'
import { EventLogError } from '../event-log/event-log.ts'
import { type Claim, type ClaimedPage, type ClaimQuery, readClaims } from './claims.ts'
import { type FileEventPage, readFileEvents } from './file-events.ts'
import { cursorAfter, type FileFilter, type FileQuery, limitOf, toStatement, whereOf } from './file-query.ts'
import { type Query, type Statement, statement } from './query.ts'
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

  /** Live files, and the bytes of all their versions: what object storage keeps. @param ownerId of the files; all unless set */
  keptUsage(ownerId?: string): Promise<FileUsage>

  /** Whether a live file has the content, or had it. Takes time in proportion to all files. */
  isNamed(remoteKey: RemoteKey): Promise<boolean>

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

  /** Rebuilds the tables from the log. When a rebuild is interrupted, the next call of any method finishes it. */
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

/** The tables of one log, as an adapter keeps them. */
export interface ReadModelTables {
  /**
   * Runs a query on tables that hold every event that was appended before the call. All its statements see the tables as they
   * are at one moment.
   */
  read<A>(query: Query<A>): Promise<A>
  /** As {@link ReadModel.settleClaim}. */
  settleClaim: ReadModel['settleClaim']
  /** As {@link ReadModel.rebuild}. */
  rebuild: ReadModel['rebuild']
}

const MAX_FAILURES = 100
const MAX_KEYS = 1_000

export const createReadModel = ({ read, settleClaim, rebuild }: ReadModelTables): ReadModel => ({
  file: (id) => read(readFile(id)),
  versions: (fileId) => read(readVersions(fileId)),
  content: (remoteKey) => read(readContent(remoteKey)),
  files: async (query = {}) => read(readFiles(query, toStatement(query), limitOf(query.limit))),
  usage: (filter = {}) => read(readUsage(filter)),
  keptUsage: (ownerId) => read(readKeptUsage(ownerId)),
  isNamed: (remoteKey) => read(readIsNamed(remoteKey)),
  fileEvents: async ({ since, limit }) => read(readEventsAfter(since, limitOf(limit))),
  liveKeys: async ({ limit = MAX_KEYS, cursor } = {}) => {
    const max = limitOf(limit)
    return read(
      ifComplete(function* () {
        return yield* readLiveKeys(yield* readApplied(), max, cursor)
      }),
    )
  },
  namedKeys: async ({ limit = MAX_KEYS, cursor } = {}) => {
    const max = limitOf(limit)
    return read(ifComplete(() => readNamedKeys(max, cursor)))
  },
  claimedContents: async ({ limit, ...query } = {}) => read(readClaims({ ...query, limit: limitOf(limit) })),
  settleClaim,
  failures: () => read(readFailures(MAX_FAILURES)),
  rebuild,
})

const FILE = 'SELECT * FROM files WHERE id = ?'
const VERSIONS = `SELECT versions.*, files.id AS fileId FROM files JOIN versions ON versions.file = files.seqNum
  WHERE files.id = ? ORDER BY versions.seqNum`
const FAILURES = 'SELECT seqNum, name, message FROM read_model_failures ORDER BY seqNum LIMIT ?'

function* readFile(id: string): Query<StoredFile | undefined> {
  const [row] = yield statement(FILE, id)
  return row && toFile(row)
}

function* readVersions(fileId: string): Query<readonly FileVersion[]> {
  const versions = yield statement(VERSIONS, fileId)
  if (versions.length > 0) return versions.map(toVersion)
  const file = yield* readFile(fileId)
  return file ? [toFirstVersion(file)] : []
}

function* readContent(remoteKey: RemoteKey): Query<CheckedContent | undefined> {
  const [row] = yield statement('SELECT * FROM contents WHERE remoteKey = ?', remoteKey)
  return row && toCheckedContent(row)
}

/** @param page the rows of the page, and one more if there is a next page */
function* readFiles(query: FileQuery, page: Statement, limit: number): Query<FilePage> {
  const rows = (yield page).map(toFile)
  const files = rows.slice(0, limit)
  return { files, cursor: rows.length > limit ? cursorAfter(files.at(-1)!, query) : undefined }
}

/** No integer: node:sqlite throws for one above 2^53, which a writer can reach by sizes that are not true. */
const sumOf = (size: string): string =>
  `CAST(coalesce(sum(CASE WHEN ${size} > ${MAX_CONTENT_SIZE} THEN ${MAX_CONTENT_SIZE} ELSE ${size} END), 0) AS DOUBLE PRECISION)`

function* readUsage(filter: FileFilter): Query<FileUsage> {
  const { where, values } = whereOf(filter)
  const sql = `SELECT count(*) AS files, ${sumOf('size')} AS bytes FROM files ${where}`
  const [row] = yield { sql, values }
  return row as unknown as FileUsage
}

/** The current version of a file that was replaced has a row in `versions`, too. */
function* readKeptUsage(ownerId: string | undefined): Query<FileUsage> {
  const { files, bytes } = yield* readUsage(ownerId === undefined ? {} : { ownerId })
  const sql = `SELECT ${sumOf('versions.size')} AS bytes FROM versions
    JOIN files ON files.seqNum = versions.file
    WHERE files.deletedAt IS NULL AND versions.id <> files.version${ownerId === undefined ? '' : ' AND files.ownerId = ?'}`
  const [former] = yield statement(sql, ...(ownerId === undefined ? [] : [ownerId]))
  return { files, bytes: bytes + (former!.bytes as number) }
}

const IS_NAMED = `SELECT 1 AS named FROM files WHERE remoteKey = ? AND deletedAt IS NULL
  UNION ALL SELECT 1 AS named FROM versions JOIN files ON files.seqNum = versions.file
  WHERE versions.remoteKey = ? AND files.deletedAt IS NULL LIMIT 1`

function* readIsNamed(remoteKey: RemoteKey): Query<boolean> {
  return (yield statement(IS_NAMED, remoteKey, remoteKey)).length > 0
}

function* readEventsAfter(since: number, limit: number): Query<FileEventPage> {
  return yield* readFileEvents(since, limit, yield* readApplied())
}

/** Number of the last event that the tables hold. */
export function* readApplied(): Query<number> {
  const [row] = yield statement('SELECT applied FROM read_model')
  return row!.applied as number
}

function* readFailures(limit: number): Query<readonly ReadModelFailure[]> {
  return (yield statement(FAILURES, limit)) as unknown as readonly ReadModelFailure[]
}

/** @throws EventLogError `incomplete` */
function* ifComplete<A>(query: () => Query<A>): Query<A> {
  const [failure] = yield* readFailures(1)
  if (!failure) return yield* query()
  const [log] = yield statement('SELECT storeId FROM log')
  throw new EventLogError(
    'incomplete',
    `Event ${failure.seqNum} (${failure.name}) of "${String(log!.storeId)}" could not be applied: ${failure.message}. ` +
      'Update this server and rebuild the read model; until then no bytes of this store are collected.',
  )
}

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
