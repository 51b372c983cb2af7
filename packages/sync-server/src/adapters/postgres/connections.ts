/**
 * The connections of a server. One that broke is replaced by a new client: the driver's own pool connects again by the same one,
 * which sends what was left from before (postgres 3.4.9 keeps an unsent chunk).
 */
import type { Sql } from 'postgres'
import { closedError } from '../../event-log/event-log.ts'
import { connect } from './database.ts'
import { isConnectionError } from './errors.ts'

export interface Connections {
  /**
   * Runs `work` with a connection to itself. Waits for one when all are in use.
   *
   * @throws the driver's error, and what `work` throws
   * @throws EventLogError `closed`
   */
  use<A>(work: (sql: Sql) => Promise<A>): Promise<A>
  /** Closes all connections; those in use after `timeoutSeconds`. Calls of `use` that wait for one fail. */
  close(timeoutSeconds: number): Promise<void>
}

interface Connection {
  readonly sql: Sql
  isBroken: boolean
}

/** @param max connections at the same time */
export const createConnections = (url: string, max: number): Connections => {
  const all = new Set<Connection>()
  const idle: Connection[] = []
  const waiting: PromiseWithResolvers<Connection>[] = []
  let isClosed = false

  const open = (): Connection => {
    const connection: Connection = { isBroken: false, sql: connect(url, { onClose: () => discard(connection) }) }
    all.add(connection)
    return connection
  }

  const discard = (connection: Connection) => {
    if (connection.isBroken) return
    connection.isBroken = true
    all.delete(connection)
    const index = idle.indexOf(connection)
    if (index !== -1) idle.splice(index, 1)
    // Nothing is under way on it: this only ends its timers.
    void connection.sql.end({ timeout: 0 })
  }

  const acquire = (): Connection | Promise<Connection> => {
    if (isClosed) throw closedError()
    const connection = idle.pop() ?? (all.size < max ? open() : undefined)
    if (connection) return connection
    const next = Promise.withResolvers<Connection>()
    waiting.push(next)
    return next.promise
  }

  const release = (connection: Connection) => {
    const next = waiting.shift()
    if (next) next.resolve(connection.isBroken ? open() : connection)
    else if (!connection.isBroken) idle.push(connection)
  }

  return {
    use: async (work) => {
      const connection = await acquire()
      try {
        return await work(connection.sql)
      } catch (error) {
        if (isConnectionError(error)) discard(connection)
        throw error
      } finally {
        release(connection)
      }
    },
    close: async (timeoutSeconds) => {
      isClosed = true
      for (const { reject } of waiting.splice(0)) reject(closedError())
      await Promise.all([...all].map(({ sql }) => sql.end({ timeout: timeoutSeconds })))
    },
  }
}
