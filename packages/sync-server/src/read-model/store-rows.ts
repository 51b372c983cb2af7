/** Stores changed rows in SQLite, one statement each. */
import type { Sql } from '../event-log/sql.ts'
import { type ChangedRows, COLUMNS } from './working-set.ts'

type Table = keyof typeof COLUMNS

/** What a later event may change in a row. */
interface Update {
  /** the column by which the row is found again */
  readonly key: string
  readonly columns: readonly string[]
  /** columns that become null */
  readonly cleared: readonly string[]
}

export const UPDATES: { readonly [Name in Table]: Update } = {
  files: {
    key: 'seqNum',
    // The others are set for good by the event that adds the file.
    columns: COLUMNS.files.filter((column) => !['seqNum', 'ownerId', 'id', 'owner', 'path'].includes(column)),
    cleared: [],
  },
  versions: { key: 'seqNum', columns: ['conflict'], cleared: [] },
  contents: {
    key: 'remoteKey',
    columns: COLUMNS.contents.filter((column) => column !== 'remoteKey'),
    // A check counts until the log says something new.
    cleared: ['checkedAt', 'found'],
  },
  operations: { key: 'opId', columns: [], cleared: [] },
  file_events: { key: 'seqNum', columns: [], cleared: [] },
}

const upsertInto = (table: Table): string => {
  const columns = COLUMNS[table]
  const { key, columns: updated, cleared } = UPDATES[table]
  const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  if (updated.length === 0) return insert
  const updates = [
    ...updated.map((column) => `${column} = excluded.${column}`),
    ...cleared.map((column) => `${column} = NULL`),
  ]
  return `${insert} ON CONFLICT (${key}) DO UPDATE SET ${updates.join(', ')}`
}

const TABLES = Object.keys(COLUMNS) as readonly Table[]
const STATEMENTS = TABLES.map((table) => [table, upsertInto(table)] as const)

/** Call it in a transaction. */
export const storeRows = (sql: Sql, rows: ChangedRows): void => {
  for (const [table, upsert] of STATEMENTS) for (const values of rows[table]) sql.run(upsert, ...values)
}
