/** Stores changed rows, one statement a table. */
import type { StoreId } from '@rockpool/protocol'
import type { TransactionSql } from 'postgres'
import { UPDATES } from '../../../read-model/store-rows.ts'
import { type ChangedRows, COLUMNS } from '../../../read-model/working-set.ts'
import { arrayLiteral } from '../array-literal.ts'
import { toSnake, typeOf } from './tables.ts'

type Table = keyof typeof COLUMNS

const upsertInto = (table: Table): string => {
  const columns: readonly string[] = COLUMNS[table]
  const { key, columns: updated, cleared } = UPDATES[table]
  const lists = columns.map((column, index) => `$${index + 2}::${typeOf(table, column)}[]`)
  const insert = `INSERT INTO rockpool.${table} (store_id, ${columns.map(toSnake).join(', ')})
    SELECT $1, changed.* FROM unnest(${lists.join(', ')}) AS changed`
  if (updated.length === 0) return insert
  const updates = [
    ...updated.map(toSnake).map((column) => `${column} = excluded.${column}`),
    ...cleared.map((column) => `${toSnake(column)} = NULL`),
  ]
  return `${insert} ON CONFLICT (store_id, ${toSnake(key)}) DO UPDATE SET ${updates.join(', ')}`
}

const TABLES = Object.keys(COLUMNS) as readonly Table[]
const STATEMENTS = TABLES.map((table) => [table, upsertInto(table)] as const)

/** @throws the driver's error */
export const storeRows = async (transaction: TransactionSql, storeId: StoreId, changed: ChangedRows): Promise<void> => {
  for (const [table, upsert] of STATEMENTS) {
    const rows = changed[table]
    if (rows.length === 0) continue
    const lists = COLUMNS[table].map((_, column) => arrayLiteral(rows.map((row) => row[column]!)))
    await transaction.unsafe(upsert, [storeId, ...lists], { prepare: true })
  }
}
