/** Queries of files, from plain data to SQL. Pure. */
import { RockpoolError } from '@rockpool/protocol'
import type { SqlValue } from '../event-log/sql.ts'
import type { Statement } from './query.ts'

/** Both ends are included. */
export interface Range {
  readonly min?: number
  readonly max?: number
}

/** Which files of a store a user may read. */
export interface Reader {
  /** `sub` */
  readonly ownerId: string
  /** buckets of which the user reads every file */
  readonly buckets: readonly string[]
  /** buckets of which the user reads the own files */
  readonly ownBuckets: readonly string[]
}

/** A file has to match all that is set. */
export interface FileFilter {
  /** `sub` of the user who added the file; null: files that were imported */
  readonly ownerId?: string | null
  readonly bucket?: string
  /** only what this user may read; everything unless set */
  readonly readableBy?: Reader
  /** of a file that was added with a path */
  readonly path?: string
  /** what the path begins with */
  readonly pathPrefix?: string
  /** what the media type begins with, such as `image/` */
  readonly typePrefix?: string
  readonly name?: string
  readonly namePrefix?: string
  /** bytes */
  readonly size?: Range
  /** unix ms, by the clock of the device that added the file */
  readonly createdAt?: Range
  /** unix ms, by the clock of the device that changed the file */
  readonly updatedAt?: Range
  /** `live` unless set */
  readonly state?: 'live' | 'deleted' | 'any'
}

export interface FileQuery extends FileFilter {
  /** `createdAt`, newest first, unless set. Names are sorted by their code points; `seqNum` is the order of the log. */
  readonly sort?: {
    readonly by: 'createdAt' | 'size' | 'name' | 'seqNum'
    readonly direction: 'ascending' | 'descending'
  }
  /** 1 to 1,000; 100 unless set */
  readonly limit?: number
  /** `cursor` of the page before, from the same filter and sort */
  readonly cursor?: string
}

const MAX_LIMIT = 1_000
const DEFAULT_LIMIT = 100
const DEFAULT_SORT = { by: 'createdAt', direction: 'descending' } as const

/** @throws RockpoolError `bad_request` */
export const limitOf = (limit = DEFAULT_LIMIT): number => {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new RockpoolError('bad_request', `"limit" has to be an integer from 1 to ${MAX_LIMIT}.`)
}

/** The rows of the page, and one more if there is a next page. @throws RockpoolError `bad_request` */
export const toStatement = (query: FileQuery): Statement => {
  const { by, direction } = query.sort ?? DEFAULT_SORT
  const [order, after] = direction === 'ascending' ? ['ASC', '>'] : ['DESC', '<']
  const cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor, by)
  const { where, values } = whereOf(query, cursor && { sql: `(${by}, seqNum) ${after} (?, ?)`, values: cursor })
  const sort = `ORDER BY ${by} ${order}, seqNum ${order}`
  return {
    // The inner query reads an index alone where it can: rows are large, and are read only for the page.
    sql: `SELECT * FROM files WHERE seqNum IN (SELECT seqNum FROM files ${where} ${sort} LIMIT ?) ${sort}`,
    values: [...values, limitOf(query.limit) + 1],
  }
}

/** The WHERE of a filter. */
export const whereOf = (
  filter: FileFilter,
  more?: Statement,
): { readonly where: string; readonly values: readonly SqlValue[] } => {
  const conditions = [...conditionsOf(filter), ...(more ? [more] : [])]
  return {
    where: conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`,
    values: conditions.flatMap(({ values }) => values),
  }
}

/** The cursor behind a row. */
export const cursorAfter = (
  file: { readonly seqNum: number; readonly createdAt: number; readonly size: number; readonly name: string },
  { sort = DEFAULT_SORT }: FileQuery,
): string => JSON.stringify([file[sort.by], file.seqNum])

const conditionsOf = (filter: FileFilter): Statement[] => {
  const { ownerId, bucket, readableBy, path, pathPrefix, typePrefix, name, namePrefix } = filter
  const { size, createdAt, updatedAt, state = 'live' } = filter
  return [
    ...(state === 'live' ? [{ sql: 'deletedAt IS NULL', values: [] }] : []),
    ...(state === 'deleted' ? [{ sql: 'deletedAt IS NOT NULL', values: [] }] : []),
    ...(ownerId === undefined ? [] : [isOwnedBy(ownerId)]),
    ...(bucket === undefined ? [] : [{ sql: 'bucket = ?', values: [bucket] }]),
    ...(readableBy === undefined ? [] : [isReadable(readableBy)]),
    ...(path === undefined ? [] : [{ sql: 'path = ?', values: [path] }]),
    ...pathStartsWith(pathPrefix),
    ...(name === undefined ? [] : [{ sql: 'name = ?', values: [name] }]),
    ...startsWith('type', typePrefix),
    ...startsWith('name', namePrefix),
    ...within('size', size),
    ...within('createdAt', createdAt),
    ...within('updatedAt', updatedAt),
  ]
}

/** Null is an owner, too. */
const isOwnedBy = (ownerId: string | null): Statement =>
  ownerId === null ? { sql: 'ownerId IS NULL', values: [] } : { sql: 'ownerId = ?', values: [ownerId] }

/** Fails closed: a bucket that is in neither list has nothing to read. */
const isReadable = ({ ownerId, buckets, ownBuckets }: Reader): Statement => {
  const isIn = 'bucket IN (SELECT value FROM json_each(?))'
  return {
    sql: `(${isIn} OR (${isIn} AND ownerId = ?))`,
    values: [JSON.stringify(buckets), JSON.stringify(ownBuckets), ownerId],
  }
}

/** Not LIKE, which ignores case and has wildcards. */
const startsWith = (column: string, prefix: string | undefined): Statement[] =>
  prefix === undefined ? [] : [{ sql: `substr(${column}, 1, length(?)) = ?`, values: [prefix, prefix] }]

/** As a range, which an index serves. */
const pathStartsWith = (prefix: string | undefined): Statement[] => {
  if (prefix === undefined) return []
  const end = afterPrefix(prefix)
  return [{ sql: 'path >= ?', values: [prefix] }, ...(end === undefined ? [] : [{ sql: 'path < ?', values: [end] }])]
}

const MAX_CODE_POINT = 0x10ffff

/** The first text after all those that begin with `prefix`, in the order of code points; undefined: there is none. */
export const afterPrefix = (prefix: string): string | undefined => {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!)
  while (points.at(-1) === MAX_CODE_POINT) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  // Surrogates are no characters of their own.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
}

const within = (column: string, { min, max }: Range = {}): Statement[] => [
  ...(min === undefined ? [] : [{ sql: `${column} >= ?`, values: [min] }]),
  ...(max === undefined ? [] : [{ sql: `${column} <= ?`, values: [max] }]),
]

const parseCursor = (cursor: string, by: string): readonly SqlValue[] => {
  const [value, seqNum] = parseList(cursor)
  if (typeof value === (by === 'name' ? 'string' : 'number') && typeof seqNum === 'number') {
    return [value as string | number, seqNum]
  }
  throw new RockpoolError('bad_request', '"cursor" has to be the one of a page of the same query.')
}

const parseList = (text: string): readonly unknown[] => {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}
