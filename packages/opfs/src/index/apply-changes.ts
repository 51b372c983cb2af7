import type { IndexChange, IndexKey, IndexTable, IndexTables } from '@rockpool/core'

export type Row = IndexTables[IndexTable]

/** One row before and after a write. */
export interface RowChange extends IndexKey {
  readonly before: Row | undefined
  readonly after: Row | undefined
}

/** The rows that changes name, each once, in the order of their first change. */
export const keysOf = (changes: readonly IndexChange[]): readonly IndexKey[] => [
  ...new Map(changes.map(({ table, key }) => [rowId(table, key), { table, key }])).values(),
]

/** What changes do to `rows`, each change seeing the ones before it. Rows that end as they were are left out. */
export const applyChanges = (
  changes: readonly IndexChange[],
  rows: readonly (IndexKey & { readonly row: Row | undefined })[],
): readonly RowChange[] => {
  const current = new Map(rows.map(({ table, key, row }) => [rowId(table, key), row]))
  for (const { table, key, change } of changes) {
    const id = rowId(table, key)
    current.set(id, (change as (row: Row | undefined) => Row | undefined)(current.get(id)))
  }
  return rows
    .map(({ table, key, row }) => ({ table, key, before: row, after: current.get(rowId(table, key)) }))
    .filter(({ before, after }) => before !== after)
}

const rowId = (table: IndexTable, key: string): string => `${table}:${key}`
