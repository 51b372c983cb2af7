/**
 * The queries of the read model on the tables of all stores. They are written for SQLite, where a database has one store: common
 * table expressions by the same names narrow each table to the store. Postgres plans them as if they were written out.
 */
import type { StoreId } from '@rockpool/protocol'
import type { TransactionSql } from 'postgres'
import type { SqlValue } from '../../../event-log/sql.ts'
import type { Query, Statement } from '../../../read-model/query.ts'
import type { Row } from '../../../read-model/rows.ts'
import { columnsOf, TABLE_NAMES, toSnake } from './tables.ts'

const EVENT_COLUMNS = ['seqNum', 'name', 'args', 'clientId', 'sessionId', 'sub', 'at']

const ofStore = (table: string, columns: readonly string[]): string =>
  `SELECT ${columns.map((name) => `${toSnake(name)} AS ${name}`).join(', ')} FROM rockpool.${table} WHERE store_id = $1`

/** What a name means in a query. */
const NARROWED: ReadonlyMap<string, string> = new Map([
  ...TABLE_NAMES.map((table) => [table, ofStore(table, columnsOf(table))] as const),
  ['events', ofStore('events', EVENT_COLUMNS)],
  ['log', ofStore('logs', ['storeId', 'backendId'])],
])

const SOURCES = /\b(?:FROM|JOIN) (\w+)/g

/** Pure. */
export const toStoreStatement = (
  { sql, values }: Statement,
  storeId: StoreId,
): { readonly text: string; readonly values: SqlValue[] } => {
  const sources = new Set(Array.from(sql.matchAll(SOURCES), ([, name]) => name!))
  const narrowed = [...sources].flatMap((name) => {
    const meaning = NARROWED.get(name)
    // Else Postgres would read all of a table that is named twice.
    return meaning === undefined ? [] : [`${name} AS NOT MATERIALIZED (${meaning})`]
  })
  let count = 1
  const numbered = sql
    .replaceAll('json_each(?)', 'json_array_elements_text(?::text::json)')
    .replaceAll('?', () => `$${++count}`)
  const own = /^\s*WITH /.exec(numbered)
  const text = own
    ? `WITH ${narrowed.join(', ')}, ${numbered.slice(own[0].length)}`
    : `WITH ${narrowed.join(', ')} ${numbered}`
  return { text, values: [storeId, ...values] }
}

/** Postgres turns names without quotes into lower case. */
const NAMES: ReadonlyMap<string, string> = new Map(
  [...TABLE_NAMES.flatMap(columnsOf), ...EVENT_COLUMNS, 'storeId', 'fileId'].map((name) => [name.toLowerCase(), name]),
)

const toRow = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [NAMES.get(name) ?? name, value]))

/** @throws the driver's error */
export const runStoreQuery = async <A>(transaction: TransactionSql, storeId: StoreId, query: Query<A>): Promise<A> => {
  let step = query.next()
  while (!step.done) {
    const { text, values } = toStoreStatement(step.value, storeId)
    const rows = await transaction.unsafe<Record<string, unknown>[]>(text, values, { prepare: true })
    step = query.next(rows.map(toRow))
  }
  return step.value
}
