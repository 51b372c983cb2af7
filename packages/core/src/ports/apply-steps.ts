/** Applies the steps of a write to rows. All adapters of the index use it. Pure. */
import {
  type IndexChange,
  type IndexKey,
  type IndexRange,
  type IndexRows,
  type IndexStep,
  type IndexTable,
  type IndexTables,
  keyOfRow,
} from './local-index.ts'

export type IndexRow = IndexTables[IndexTable]

/** One row before and after a write. */
export interface RowChange extends IndexKey {
  readonly before: IndexRow | undefined
  readonly after: IndexRow | undefined
}

/** What must be read before {@link applySteps}. */
export interface StepReads {
  /** each once, in the order in which steps name them */
  readonly keys: readonly IndexKey[]
  /** each once */
  readonly ranges: readonly IndexRange[]
}

export const readsOf = (steps: readonly IndexStep[]): StepReads => {
  const keys = new Map<string, IndexKey>()
  const ranges = new Map<string, IndexRange>()
  for (const step of steps) {
    for (const read of step.table === undefined ? step.reads : [step]) {
      if ('key' in read) keys.set(rowId(read.table, read.key), { table: read.table, key: read.key })
      else ranges.set(rangeId(read.table, read.after), read)
    }
  }
  return { keys: [...keys.values()], ranges: [...ranges.values()] }
}

export interface ReadRows {
  readonly rows: readonly (IndexKey & { readonly row: IndexRow | undefined })[]
  readonly ranges: readonly { readonly range: IndexRange; readonly rows: readonly IndexRow[] }[]
}

/** @returns the rows that changed identity, in the order of the steps */
export const applySteps = (steps: readonly IndexStep[], read: ReadRows): readonly RowChange[] => {
  const current = new Map(read.rows.map(({ table, key, row }) => [rowId(table, key), row]))
  const ranges = new Map(read.ranges.map(({ range, rows }) => [rangeId(range.table, range.after), rows]))

  const makeChange = ({ table, key, change }: IndexChange): void => {
    const id = rowId(table, key)
    if (!current.has(id)) throw notNamed(table, key)
    current.set(id, (change as (row: IndexRow | undefined) => IndexRow | undefined)(current.get(id)))
  }
  const rows: IndexRows = {
    get<T extends IndexTable>(table: T, key: string) {
      const id = rowId(table, key)
      if (!current.has(id)) throw notNamed(table, key)
      return current.get(id) as IndexTables[T] | undefined
    },
    getAll<T extends IndexTable>(table: T, after?: string) {
      const range = ranges.get(rangeId(table, after))
      if (!range) throw notNamed(table, after ?? '')
      const found = new Map(range.map((row) => [keyOfRow(table, row as IndexTables[T]), row as IndexRow | undefined]))
      for (const { table: changed, key } of read.rows) {
        if (changed === table && (after === undefined || key > after)) found.set(key, current.get(rowId(table, key)))
      }
      return [...found]
        .filter(([, row]) => row !== undefined)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([, row]) => row as IndexTables[T])
    },
  }

  for (const step of steps) {
    if (step.table === undefined) step.decide(rows).forEach(makeChange)
    else makeChange(step)
  }
  return read.rows
    .map(({ table, key, row }) => ({ table, key, before: row, after: current.get(rowId(table, key)) }))
    .filter(({ before, after }) => before !== after)
}

const rowId = (table: IndexTable, key: string): string => `${table}:${key}`
const rangeId = (table: IndexTable, after: string | undefined): string => `${table}>${after ?? ''}`

const notNamed = (table: IndexTable, key: string): TypeError =>
  new TypeError(`A decision must name what it reads and changes; it does not name "${key}" of ${table}.`)
