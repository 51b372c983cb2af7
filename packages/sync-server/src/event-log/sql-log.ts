/** The event log in SQLite, over the few things that node:sqlite and a Durable Object's storage have in common. */
import type { StoreId } from '@rockpool/protocol'
import { afterAppend } from '../read-model/catch-up.ts'
import { type ReadModel, sqlReadModel } from '../read-model/read-model.ts'
import { resetTables } from '../read-model/schema.ts'
import { readRedactions, redactionCheck } from '../redact/audit.ts'
import { redactEvent } from '../redact/redact-event.ts'
import type { Redaction, RedactionCause, RedactResult } from '../redact/redaction.ts'
import { append, type EventStorage } from './append.ts'
import type { AppendOptions, AppendResult, EventLog, Page } from './event-log.ts'
import { EventLogError } from './event-log.ts'
import { type EncodedEvents, encodeEvents, type LogEvent, type StoredEvent } from './event.ts'
import { takeBatches, takePage } from './page.ts'
import type { RecentEvents } from './recent-events.ts'
import { readEvents, readHead } from './sql-events.ts'
import { readBytes, writeBytes } from './usage.ts'

export type SqlValue = string | number | null

/** A synchronous SQLite database. */
export interface Sql {
  /** Rows are read one at a time: a page stops where it is full. */
  rows(query: string, ...values: SqlValue[]): Iterable<Readonly<Record<string, unknown>>>
  run(query: string, ...values: SqlValue[]): void
  /** Runs `work`, all of it or nothing. Durable when it returns. Within another transaction: durable when that one returns. */
  transaction<A>(work: () => A): A
}

const MAX_REDACTIONS = 1_000

export const SCHEMA_VERSION = 1

const SCHEMA = [
  'CREATE TABLE log (version INTEGER NOT NULL, storeId TEXT NOT NULL, backendId TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT',
  `CREATE TABLE events (
    seqNum INTEGER PRIMARY KEY, name TEXT NOT NULL, args TEXT, clientId TEXT NOT NULL, sessionId TEXT NOT NULL,
    sub TEXT, at INTEGER NOT NULL
  ) STRICT`,
]

export const hasTable = (sql: Sql, name: string): boolean =>
  Array.from(sql.rows("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", name)).length > 0

/** The row of the table `log`. */
export interface LogRow {
  readonly version: number
  readonly storeId: string
  readonly backendId: string
}

/** Creates the tables. Call it in a transaction. */
export const createTables = (sql: Sql, row: Omit<LogRow, 'version'> & { readonly createdAt: number }): void => {
  for (const statement of SCHEMA) sql.run(statement)
  sql.run('INSERT INTO log VALUES (?, ?, ?, ?)', SCHEMA_VERSION, row.storeId, row.backendId, row.createdAt)
  resetTables(sql)
}

/**
 * The row of an existing log.
 *
 * @throws EventLogError `newer_version`, or `corrupt` when the log belongs to another store or has a gap
 */
export const readLogRow = (sql: Sql, storeId: StoreId): LogRow => {
  const [row] = Array.from(sql.rows('SELECT version, storeId, backendId FROM log')) as unknown as readonly LogRow[]
  return checkLogRow(row, storeId)
}

const checkLogRow = (row: LogRow | undefined, storeId: StoreId): LogRow => {
  if (!row) throw new EventLogError('corrupt', `The event log of "${storeId}" is damaged. Restore it from a backup.`)
  if (row.version > SCHEMA_VERSION) throw newerVersion(storeId)
  if (row.storeId !== storeId) {
    throw new EventLogError(
      'corrupt',
      `The event log of "${storeId}" holds the events of "${row.storeId}". Put the right file in its place.`,
    )
  }
  return row
}

export const newerVersion = (storeId: StoreId): EventLogError =>
  new EventLogError(
    'newer_version',
    `A newer version of Rockpool wrote the event log of "${storeId}". Update this server.`,
  )

/** Stores events without comparing. Call it in a transaction. */
export const insertEvents = (sql: Sql, events: readonly StoredEvent[]): void => {
  for (const { seqNum, name, argsJson, clientId, sessionId, sub, at } of events) {
    const values = [seqNum, name, argsJson ?? null, clientId, sessionId, sub ?? null, at]
    sql.run('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)', ...values)
  }
}

/** An event log whose files the server can read. */
export interface SqlEventLog extends EventLog {
  readonly readModel: ReadModel

  /**
   * Replaces an event by one that does nothing, at the same number, and appends events that undo it on the devices that
   * applied it. The original goes to the audit table, and is refused when it is pushed again. Redacting it again changes
   * nothing. Takes time in proportion to the log.
   *
   * `SyncServer.redact` sends the news to devices, too; call this one where no device is connected.
   *
   * @throws RockpoolError `bad_request` when the log has no such event
   * @throws EventLogError
   */
  redact(seqNum: number, cause: RedactionCause): Promise<RedactResult>

  /** The audit table: at most `limit` (1,000 unless set) redactions of events after `since`, by number. */
  redactions(options?: { readonly since?: number; readonly limit?: number }): Promise<readonly Redaction[]>
}

/**
 * @param sql asked for at each call, so that an adapter can close idle files and translate errors
 * @param recent of this store; none are kept unless set
 */
export const sqlEventLog = (
  sql: () => Sql,
  backendId: string,
  close: () => Promise<void>,
  recent?: RecentEvents,
): SqlEventLog => {
  return {
    backendId,
    head: async () => readHead(sql()),
    append: async (parent, events, options) => {
      const { result, added } = appendEvents(sql(), recent, parent, events, options)
      if (added) recent?.add(added)
      return result
    },
    read: async (since, limits): Promise<Page> => {
      const database = sql()
      const content = takeBatches(recent?.after(since) ?? [], limits)
      const isCached = content.events.length > 0
      const page = isCached ? content : takePage(readEvents(database, since, limits.limit), limits)
      return { head: readHead(database), ...page }
    },
    close,
    redact: async (seqNum, cause) => {
      const database = sql()
      const compensate = (head: number, events: readonly LogEvent[]) => {
        // Without the recent events: they still have the original.
        const { added } = appendEvents(database, undefined, head, events, { sub: undefined, at: cause.at })
        return added?.events ?? []
      }
      const result = redactEvent(database, seqNum, cause, compensate)
      recent?.clear()
      return result
    },
    redactions: async ({ since = 0, limit = MAX_REDACTIONS } = {}) => readRedactions(sql(), since, limit),
    readModel: sqlReadModel(sql),
  }
}

/** The first `count` events after a number, as far as they are in memory. */
const takeRecent = (recent: RecentEvents | undefined, since: number, count: number): StoredEvent[] => {
  const taken: StoredEvent[] = []
  for (const { events } of recent?.after(since) ?? []) {
    if (taken.length >= count) break
    for (const event of events) taken.push(event)
  }
  return taken.slice(0, count)
}

const appendEvents = (
  sql: Sql,
  recent: RecentEvents | undefined,
  parent: number,
  pushed: readonly LogEvent[],
  options: AppendOptions,
): { readonly result: AppendResult; readonly added?: EncodedEvents } =>
  sql.transaction(() => {
    const head = readHead(sql)
    let bytes: number | undefined
    const bytesBefore = () => (bytes ??= readBytes(sql, head, (since) => readEvents(sql, since, head - since)))
    let added: EncodedEvents | undefined
    const storage: EventStorage = {
      head,
      usage: () => ({ events: head, bytes: bytesBefore() }),
      eventsAfter: (since, limit) => {
        const count = Math.min(limit, head - since)
        const inMemory = takeRecent(recent, since, count)
        return inMemory.length === count ? inMemory : [...readEvents(sql, since, limit)]
      },
      isRedacted: redactionCheck(sql),
      insert: (events) => {
        added = encodeEvents(events)
        insertEvents(sql, events)
        const count = events.length
        writeBytes(sql, { head: head + count, bytes: bytesBefore() + added.json.byteLength - (count - 1) })
        afterAppend(sql, head + count, (since, limit) => {
          const before = takeRecent(recent, since, head - since)
          return before.length === head - since ? [...before, ...events] : readEvents(sql, since, limit)
        })
      },
    }
    const result = append(storage, parent, pushed, options)
    return added ? { result, added } : { result }
  })
