/**
 * A read as a generator of its statements: it yields each one, and gets the rows. The adapter runs them: without a pause in
 * SQLite, with `await` in Postgres. So each query and each rule stands once.
 */
import type { Sql, SqlValue } from '../event-log/sql.ts'
import type { Row } from './rows.ts'

/** SQL that SQLite and Postgres both read, with `?` for each value. */
export interface Statement {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

export type Query<A> = Generator<Statement, A, readonly Row[]>

export const statement = (sql: string, ...values: SqlValue[]): Statement => ({ sql, values })

/** Runs a query on SQLite. Nothing else runs until it is done. */
export const runQuery = <A>(sql: Sql, query: Query<A>): A => {
  let step = query.next()
  while (!step.done) step = query.next(Array.from(sql.rows(step.value.sql, ...step.value.values)))
  return step.value
}
