/**
 * Event logs in Postgres, of all stores in one schema. Several servers may use one database: they append one after the other,
 * and each hears what the others append. Needs the npm package `postgres`.
 */
import { isStoreId, RockpoolError, type StoreId } from '@rockpool/protocol'
import type { Sql, TransactionSql } from 'postgres'
import { type Clock, systemClock } from '../../clock.ts'
import { type AppendWatcher, closedError, type Logs } from '../../event-log/event-log.ts'
import { createRecentEvents } from '../../event-log/recent-events.ts'
import { MAX_REDACTIONS, type SqlEventLog } from '../../event-log/sql-log.ts'
import { appendGroup, type PostgresLog } from './append-group.ts'
import { selectRedactions } from './audit.ts'
import { type Connections, createConnections } from './connections.ts'
import { transact } from './database.ts'
import { withDeadline } from './deadline.ts'
import { noResponse, toLogError } from './errors.ts'
import { createGroupCommits, type GroupCommits } from './group-commits.ts'
import { importLog, type LogSource } from './import-log.ts'
import { listen, type Listener } from './listen.ts'
import { readHead, readPage } from './read-events.ts'
import { postgresReadModel, type PostgresReadModel } from './read-model/index.ts'
import { redactEvent } from './redact-event.ts'
import { ensureSchema } from './schema.ts'

export type { Sql, TransactionSql } from 'postgres'
export { arrayLiteral } from './array-literal.ts'
export { inspectPostgres, type PostgresFacts } from './inspect.ts'

export interface PostgresLogsOptions {
  /** `postgres://user:password@host:port/database`. Not of a pooler: these pass no LISTEN on. */
  readonly url: string
  /** connections of this server at the same time, beside the one that listens; 10 unless set */
  readonly connections?: number
  /** logs whose backend id is in memory, at most; the next request of any other one reads it. 10,000 unless set */
  readonly maxOpenLogs?: number
  /** real time unless set */
  readonly clock?: Clock
}

/** The database of the event logs, for what else the servers share: tables in the schema `rockpool`. */
export interface PostgresDatabase {
  /** Runs `work` with a connection to itself. @throws EventLogError */
  query<A>(work: (sql: Sql) => Promise<A>): Promise<A>
  /**
   * Runs `work` in one transaction, in which each statement sees what was committed before it. `work` awaits nothing but its
   * queries.
   *
   * @throws EventLogError
   */
  transact<A>(work: (transaction: TransactionSql) => Promise<A>): Promise<A>
}

/** The event logs of a database. */
export interface PostgresLogs extends Logs<SqlEventLog> {
  readonly database: PostgresDatabase
  storeIds(): Promise<readonly StoreId[]>
  /**
   * Copies the log of another adapter, which must not grow in the meantime, as a whole or not at all.
   *
   * @returns false when it was copied before
   * @throws RockpoolError `conflict` when the database has another log of this store
   * @throws EventLogError
   */
  importLog(storeId: StoreId, source: LogSource): Promise<boolean>
  /** Resolves when the database responds. @throws EventLogError */
  ping(): Promise<void>
}

const CONNECTIONS = 10
/** Recent events of all stores, as JSON, as in the SQLite adapter. */
const MAX_RECENT_BYTES = 32 * 1024 * 1024
const MAX_OPEN_LOGS = 10_000
/** To connect, to create the tables where they are missing, and to listen. */
export const OPEN_TIMEOUT_MS = 60_000
/** Connections that are still busy after this time are cut: Postgres rolls back what they do. */
const CLOSE_SECONDS = 5

interface OpenLog extends PostgresLog {
  readonly commits: GroupCommits
  readonly tables: PostgresReadModel
}

/**
 * Creates the schema `rockpool` when it is missing.
 *
 * @throws RockpoolError `bad_request` for a URL that is none
 * @throws EventLogError `unavailable`, `newer_version`
 */
export const postgresLogs = async ({
  url,
  connections = CONNECTIONS,
  maxOpenLogs = MAX_OPEN_LOGS,
  clock = systemClock,
}: PostgresLogsOptions): Promise<PostgresLogs> => {
  requirePostgresUrl(url)
  const pool = createConnections(url, connections)
  const origin = crypto.randomUUID()
  const watchers = new Set<AppendWatcher>()
  let listener: Listener | undefined

  const connect = async () => {
    await pool.use(ensureSchema)
    listener = listen(
      { url, origin, clock },
      {
        appended: (storeId, since) => {
          for (const watcher of watchers) watcher.appended(storeId, since)
        },
        resumed: () => {
          for (const watcher of watchers) watcher.resumed()
        },
      },
    )
    // Nothing that a watcher reads from here on is missed.
    await listener.ready
  }
  try {
    await withDeadline(clock, OPEN_TIMEOUT_MS, connect(), () => noResponse(OPEN_TIMEOUT_MS / 1_000))
  } catch (error) {
    await listener?.stop()
    await pool.close(0)
    throw toLogError(error)
  }

  const recentOf = createRecentEvents(MAX_RECENT_BYTES)
  const openLogs = new Map<StoreId, OpenLog>()
  let closed = false

  const requireOpen = () => {
    if (closed) throw closedError()
  }

  /** What Postgres says, as an error of the port. */
  const query = async <A>(work: (sql: Sql) => Promise<A>): Promise<A> => {
    try {
      return await pool.use(work)
    } catch (error) {
      throw toLogError(error)
    }
  }

  const queryOpen: Connections['use'] = async (work) => {
    requireOpen()
    return query(work)
  }

  const openLog = async (storeId: StoreId): Promise<OpenLog> => {
    const backendId = await query((sql) => createLog(sql, storeId))
    const known = openLogs.get(storeId)
    // Another call was faster: appends of one log have one queue.
    if (known?.backendId === backendId) return known
    const recent = recentOf(storeId)
    recent.clear()
    const tables = postgresReadModel({ storeId, backendId, use: queryOpen, clock })
    const commits = createGroupCommits(async (appends) => {
      if (appends.some(({ options }) => options.countsFiles)) await tables.catchUp()
      const results = await query((sql) => appendGroup(sql, opened, appends))
      tables.follow()
      return results
    })
    const opened: OpenLog = { storeId, backendId, recent, redactions: 0, origin, commits, tables }
    openLogs.set(storeId, opened)
    const [oldest] = openLogs.values()
    if (openLogs.size > maxOpenLogs) await evict(oldest!)
    return opened
  }

  const evict = async ({ storeId, tables }: OpenLog) => {
    openLogs.delete(storeId)
    await tables.stop()
  }

  /** Of all logs, evicted ones included: `close` waits for them. */
  const appends = new Set<Promise<unknown>>()
  const trackAppend = async <A>(append: Promise<A>): Promise<A> => {
    appends.add(append)
    try {
      return await append
    } finally {
      appends.delete(append)
    }
  }

  return {
    database: {
      query: queryOpen,
      transact: (work) => queryOpen((sql) => transact(sql, work)),
    },
    open: async (storeId) => {
      requireOpen()
      return toEventLog(openLogs.get(storeId) ?? (await openLog(storeId)), {
        requireLogsOpen: requireOpen,
        query,
        trackAppend,
      })
    },
    storeIds: async () => {
      requireOpen()
      const rows = await query(
        (sql) => sql<{ store_id: string }[]>`SELECT store_id FROM rockpool.logs ORDER BY store_id`,
      )
      return rows.map((row) => row.store_id).filter(isStoreId)
    },
    importLog: (storeId, source) => queryOpen((sql) => importLog(sql, storeId, source)),
    ping: async () => {
      requireOpen()
      await query((sql) => sql`SELECT FROM rockpool.logs LIMIT 1`)
    },
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    close: async () => {
      if (closed) return
      closed = true
      await Promise.allSettled(appends)
      await Promise.all(Array.from(openLogs.values(), ({ tables }) => tables.stop()))
      await listener!.stop()
      await pool.close(CLOSE_SECONDS)
    },
  }
}

const requirePostgresUrl = (url: string): void => {
  if (URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol)) return
  // Without the text, which may have a password.
  throw new RockpoolError(
    'bad_request',
    'The URL of the Postgres database has another form than postgres://user:password@host:5432/database. Correct it.',
  )
}

/** @returns the backend id of the log, which is created when there is none */
const createLog = async (sql: Sql, storeId: StoreId): Promise<string> => {
  const select = () => sql<{ backend_id: string }[]>`SELECT backend_id FROM rockpool.logs WHERE store_id = ${storeId}`
  const [found] = await select()
  if (found) return found.backend_id
  await sql`
    INSERT INTO rockpool.logs (store_id, backend_id, created_at, head, bytes)
    VALUES (${storeId}, ${crypto.randomUUID()}, ${Date.now()}, 0, 0) ON CONFLICT DO NOTHING`
  const [created] = await select()
  return created!.backend_id
}

interface LogsOfServer {
  /** throws when all logs are closed */
  readonly requireLogsOpen: () => void
  readonly query: Connections['use']
  readonly trackAppend: <A>(append: Promise<A>) => Promise<A>
}

const toEventLog = (log: OpenLog, { requireLogsOpen, query, trackAppend }: LogsOfServer): SqlEventLog => {
  let isOpen = true
  const requireOpen = () => {
    if (!isOpen) throw closedError()
    requireLogsOpen()
  }
  return {
    backendId: log.backendId,
    head: async () => {
      requireOpen()
      return query((sql) => readHead(sql, log))
    },
    append: async (parent, events, options) => {
      requireOpen()
      // What its own check throws reaches the caller as it is.
      return trackAppend(log.commits.add({ parent, events, options }))
    },
    read: async (since, limits) => {
      requireOpen()
      return query((sql) => readPage(sql, log, since, limits))
    },
    redact: async (seqNum, cause) => {
      requireOpen()
      const result = await query((sql) => redactEvent(sql, log, seqNum, cause))
      log.recent.clear()
      return result
    },
    redactions: async ({ since = 0, limit = MAX_REDACTIONS } = {}) => {
      requireOpen()
      return query((sql) => selectRedactions(sql, log.storeId, since, limit))
    },
    readModel: log.tables.readModel,
    close: async () => void (isOpen = false),
  }
}
