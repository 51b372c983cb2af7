/** The few things that node:sqlite and a Durable Object's storage have in common. */

export type SqlValue = string | number | null

/** A synchronous SQLite database. */
export interface Sql {
  /** Rows are read one at a time: a page stops where it is full. */
  rows(query: string, ...values: SqlValue[]): Iterable<Readonly<Record<string, unknown>>>
  run(query: string, ...values: SqlValue[]): void
  /**
   * Runs `work`, all of it or nothing. Durable when it returns, unless `durable` is false: then the disk is not synced, and a power
   * cut may undo it. Within another transaction: durable when that one is.
   */
  transaction<A>(work: () => A, options?: { readonly durable?: boolean }): A
}

export const hasTable = (sql: Sql, name: string): boolean =>
  Array.from(sql.rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", name)).length > 0
