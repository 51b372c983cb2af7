/** Stores changed rows in SQLite, one statement each. */
import type { Sql } from '../event-log/sql.ts'
import { type ChangedRows, COLUMNS } from './working-set.ts'

type Table = keyof typeof COLUMNS

/** The column by which a row is found again, and those that a later event may change. */
export const UPDATES: { readonly [Name in Table]: { readonly key: string; readonly columns: readonly string[] } } = {
  files: {
    key: 'seqNum',
    // The others are set for good by the event that adds the file.
    columns: COLUMNS.files.filter((column) => !['seqNum', 'ownerId', 'id', 'owner', 'path'].includes(column)),
  },
  versions: { key: 'seqNum', columns: ['conflict'] },
  contents: { key: 'remoteKey', columns: COLUMNS.contents.filter((column) => column !== 'remoteKey') },
  operations: { key: 'opId', columns: [] },
  file_events: { key: 'seqNum', columns: [] },
}

/** A check counts until the log says something new. */
export const ENDS_CHECK = 'checkedAt = NULL, found = NULL'

const upsertInto = (table: Table): string => {
  const columns = COLUMNS[table]
  const { key, columns: updated } = UPDATES[table]
  const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  if (updated.length === 0) return insert
  const updates = updated.map((column) => `${column} = excluded.${column}`)
  if (table === 'contents') updates.push(ENDS_CHECK)
  return `${insert} ON CONFLICT (${key}) DO UPDATE SET ${updates.join(', ')}`
}

const TABLES = Object.keys(COLUMNS) as readonly Table[]
const STATEMENTS = TABLES.map((table) => [table, upsertInto(table)] as const)

/** Call it in a transaction. */
export const storeRows = (sql: Sql, rows: ChangedRows): void => {
  for (const [table, upsert] of STATEMENTS) for (const values of rows[table]) sql.run(upsert, ...values)
}
