/** One connection to Postgres, as a client of the driver that is never used again once it broke. */
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { isConnectionError } from './errors.ts'

const CONNECT_TIMEOUT_SECONDS = 10

/**
 * Limits that Postgres itself keeps, so that a server that hangs cannot hold the log of a store for good: a statement, the wait
 * for the lock of a log, and the pause between two statements of a transaction. In ms.
 */
const SESSION = {
  application_name: 'rockpool',
  statement_timeout: 30_000,
  lock_timeout: 15_000,
  idle_in_transaction_session_timeout: 10_000,
}

/** Numbers of events and times are far below 2^53; the driver's own type for them is a string. */
export const INTEGER_8 = { to: 20, from: [20], serialize: String, parse: Number }

export interface ConnectionEvents {
  onClose(): void
  /** a NOTIFY on a channel that this connection listens on */
  onNotify?(channel: string, payload: string): void
}

/** Connects at the first query. */
export const connect = (url: string, { onClose, onNotify }: ConnectionEvents): Sql => {
  const options = {
    max: 1,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // The driver would close connections now and then, and lose notices.
    max_lifetime: null,
    connection: SESSION,
    types: { integer8: INTEGER_8 },
    // No one handles the error of that query when the connection breaks; lists travel as texts instead.
    fetch_types: false,
    onnotice: () => {},
    onclose: onClose,
    // Not in the types of the driver, which uses it for its own `listen`.
    ...(onNotify && { onnotify: onNotify }),
  }
  // Rows have types of their own in each query.
  return postgres(url, options) as unknown as Sql
}

/**
 * Runs `work` in one transaction. `work` awaits nothing but its queries, so that none is sent after the connection has closed.
 *
 * When a query fails with its connection, `begin` of postgres 3.4.9 sends a ROLLBACK on the socket that is gone, which ends the
 * process by an uncaught exception (https://github.com/porsager/postgres/issues/1208). So such an error is kept from `begin`, which
 * rejects by itself as soon as the connection closes.
 */
export const transact = <A>(sql: Sql, work: (transaction: TransactionSql) => Promise<A>): Promise<A> =>
  begin(sql, 'isolation level read committed', work)

/** As {@link transact}, for queries that all see the database as it is at the first one. */
export const snapshot = <A>(sql: Sql, work: (transaction: TransactionSql) => Promise<A>): Promise<A> =>
  begin(sql, 'isolation level repeatable read read only', work)

const begin = <A>(sql: Sql, mode: string, work: (transaction: TransactionSql) => Promise<A>): Promise<A> =>
  sql.begin(mode, (transaction) => keepConnectionErrors(work(transaction))) as Promise<A>

/**
 * Runs `work` in a savepoint: when it throws, only its own changes are rolled back. An error of a query outside of one fails the
 * whole transaction, whoever catches it: the driver takes note of it.
 */
export const savepoint = <A>(
  transaction: TransactionSql,
  work: (transaction: TransactionSql) => Promise<A>,
): Promise<A> => transaction.savepoint((nested) => keepConnectionErrors(work(nested))) as Promise<A>

const keepConnectionErrors = <A>(result: Promise<A>): Promise<A> =>
  result.catch((error: unknown) => {
    if (isConnectionError(error)) return new Promise<never>(() => {})
    throw error
  })
