/** Queries of files, from plain data to SQL. Pure. */
import { RockpoolError } from '@rockpool/protocol'
import type { SqlValue } from '../event-log/sql.ts'

/** Both ends are included. */
export interface Range {
  readonly min?: number
  readonly max?: number
}

/** A file has to match all that is set. */
export interface FileFilter {
  /** `sub` of the user who added the file; null: files that were imported */
  readonly ownerId?: string | null
  readonly bucket?: string
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
  /** `createdAt`, newest first, unless set. Names are sorted by their code points. */
  readonly sort?: { readonly by: 'createdAt' | 'size' | 'name'; readonly direction: 'ascending' | 'descending' }
  /** 1 to 1,000; 100 unless set */
  readonly limit?: number
  /** `cursor` of the page before, from the same filter and sort */
  readonly cursor?: string
}

export interface Statement {
  readonly sql: string
  readonly values: readonly SqlValue[]
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
  const { ownerId, bucket, typePrefix, name, namePrefix, size, createdAt, updatedAt, state = 'live' } = filter
  return [
    ...(state === 'live' ? [{ sql: 'deletedAt IS NULL', values: [] }] : []),
    ...(state === 'deleted' ? [{ sql: 'deletedAt IS NOT NULL', values: [] }] : []),
    // IS, since null is an owner, too. SQLite uses an index for it as for =.
    ...(ownerId === undefined ? [] : [{ sql: 'ownerId IS ?', values: [ownerId] }]),
    ...(bucket === undefined ? [] : [{ sql: 'bucket = ?', values: [bucket] }]),
    ...(name === undefined ? [] : [{ sql: 'name = ?', values: [name] }]),
    ...startsWith('type', typePrefix),
    ...startsWith('name', namePrefix),
    ...within('size', size),
    ...within('createdAt', createdAt),
    ...within('updatedAt', updatedAt),
  ]
}

/** Not LIKE, which ignores case and has wildcards. */
const startsWith = (column: string, prefix: string | undefined): Statement[] =>
  prefix === undefined ? [] : [{ sql: `substr(${column}, 1, length(?)) = ?`, values: [prefix, prefix] }]

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
