/** Several appends to one log, in one transaction. */
import { RockpoolError, type StoreId } from '@rockpool/protocol'
import type { Sql, TransactionSql } from 'postgres'
import { append, type EventStorage } from '../../event-log/append.ts'
import type { Append } from '../../event-log/waiting-appends.ts'
import { type AppendResult, EventLogError } from '../../event-log/event-log.ts'
import { encodeEvents, type LogEvent, type StoredEvent } from '../../event-log/event.ts'
import type { RecentEvents } from '../../event-log/recent-events.ts'
import { useOf } from '../../gate/file-quota.ts'
import { loadRedactionCheck } from './audit.ts'
import { transact } from './database.ts'
import { loadEvents } from './load-events.ts'
import { CHANNEL, toNotice } from './notice.ts'
import { applyRest } from './read-model/apply-group.ts'
import { type FileAccounts, loadFileUse } from './read-model/file-use.ts'
import { isStorable, toColumns } from './rows.ts'

export interface PostgresLog {
  readonly storeId: StoreId
  readonly backendId: string
  readonly recent: RecentEvents
  /** redactions of the log when `recent` was last compared with it */
  redactions: number
  /** of this server, so that it knows its own notices */
  readonly origin: string
}

/** What an append leaves behind. */
interface Added {
  readonly added: readonly StoredEvent[]
  /** bytes of the log */
  readonly bytes: number
}

interface Outcome extends Added {
  readonly results: readonly PromiseSettledResult<AppendResult>[]
}

/**
 * The row of the log is locked, so that the appends of all servers on this database run one after the other. An append whose
 * check throws stores nothing and fails alone. When Postgres fails, the whole group fails: a client that repeats its push learns
 * whether a commit without a response took place.
 *
 * @throws EventLogError `missing` when the log was deleted or replaced
 * @throws the driver's error
 */
export const appendGroup = async (
  sql: Sql,
  log: PostgresLog,
  appends: readonly Append[],
): Promise<readonly PromiseSettledResult<AppendResult>[]> => {
  const { storeId, recent } = log
  const { results, added, redactions } = await transact(sql, async (transaction) => {
    const { head, bytes, redactions } = await lockLog(transaction, log)
    const loaded = await loadEvents(transaction, storeId, appends, head, recent)
    const isRedacted =
      redactions > 0
        ? await loadRedactionCheck(
            transaction,
            storeId,
            appends.flatMap(({ events }) => events),
          )
        : () => false
    const files = await loadAccounts(transaction, storeId, appends)
    const outcome = appendAll(appends, { head, bytes, eventsAfter: loaded.after, add: loaded.add, isRedacted, files })
    if (outcome.added.length > 0) await storeAdded(transaction, log, head, outcome)
    return { ...outcome, redactions }
  })
  // Unless one of them was redacted since.
  if (added.length > 0 && log.redactions === redactions) recent.add(encodeEvents(added))
  return results
}

/** The files in use, where an append needs them. The log is locked: no other append adds any. */
const loadAccounts = async (
  transaction: TransactionSql,
  storeId: StoreId,
  appends: readonly Append[],
): Promise<FileAccounts | undefined> => {
  const counting = appends.filter(({ options }) => options.countsFiles)
  if (counting.length === 0) return undefined
  await applyRest(transaction, storeId)
  return loadFileUse(
    transaction,
    storeId,
    counting.flatMap(({ options: { sub } }) => (sub === undefined ? [] : [sub])),
  )
}

/** A row of the table `logs`. */
export interface LogRow {
  readonly head: number
  readonly bytes: number
  readonly redactions: number
  readonly backend_id: string
}

/** Locks the log until the transaction ends. @throws EventLogError `missing` */
export const lockLog = async (transaction: TransactionSql, log: PostgresLog): Promise<LogRow> => {
  const [row] = await transaction<LogRow[]>`
    SELECT head, bytes, redactions, backend_id FROM rockpool.logs WHERE store_id = ${log.storeId} FOR UPDATE`
  return currentRow(row, log)
}

/**
 * The row of the log. When an event was redacted, by any server, what is in memory may be the original.
 *
 * @throws EventLogError `missing` when it is another log
 */
export const currentRow = <Row extends Pick<LogRow, 'redactions' | 'backend_id'>>(
  row: Row | undefined,
  log: PostgresLog,
): Row => {
  if (row?.backend_id !== log.backendId) throw missingLog(log.storeId)
  if (row.redactions > log.redactions) {
    log.recent.clear()
    log.redactions = row.redactions
  }
  return row
}

export const missingLog = (storeId: StoreId): EventLogError =>
  new EventLogError(
    'missing',
    `The event log of "${storeId}" was deleted from Postgres or replaced by another one. Restore the database from a backup, or restart this server to use the log as it is now.`,
  )

interface LogState {
  readonly head: number
  readonly bytes: number
  eventsAfter(since: number, limit: number): ReturnType<EventStorage['eventsAfter']>
  add(events: readonly StoredEvent[]): void
  isRedacted(event: LogEvent): boolean
  readonly files: FileAccounts | undefined
}

/** Each append finds what those before it have added. */
const appendAll = (appends: readonly Append[], state: LogState): Outcome => {
  const added: StoredEvent[] = []
  let { head, bytes } = state
  const storage: EventStorage = {
    get head() {
      return head
    },
    usage: () => ({ events: head, bytes }),
    eventsAfter: state.eventsAfter,
    isRedacted: state.isRedacted,
    filesInUse: (sub) => state.files?.inUse(sub),
    insert: (events) => {
      if (!events.every(isStorable)) throw notStorable()
      state.add(events)
      added.push(...events)
      for (const { name, argsJson, sub } of state.files ? events : []) {
        state.files?.add(sub, useOf(name, argsJson === undefined ? undefined : JSON.parse(argsJson)))
      }
      head += events.length
      // Without the commas between the events.
      bytes += encodeEvents(events).json.byteLength - (events.length - 1)
    },
  }
  const results = appends.map(({ parent, events, options }): PromiseSettledResult<AppendResult> => {
    try {
      return { status: 'fulfilled', value: append(storage, parent, events, options) }
    } catch (reason) {
      return { status: 'rejected', reason }
    }
  })
  return { results, added, bytes }
}

const notStorable = () =>
  new RockpoolError('bad_request', 'An event has the character NUL, which Postgres cannot store. Remove it.')

/**
 * Also without events: other servers hear that the log has changed. One statement, which compares the head once more: the driver could send it on a new connection, outside of the transaction,
 * when the connection broke after the lock was taken.
 */
export const storeAdded = async (
  transaction: TransactionSql,
  { storeId, origin }: PostgresLog,
  head: number,
  { added, bytes }: Added,
): Promise<void> => {
  const { seqNums, names, args, clientIds, sessionIds, subs, times } = toColumns(added)
  const newHead = head + added.length
  const notice = toNotice({ storeId, since: head, origin })
  const stored = await transaction`
    WITH log AS (
      UPDATE rockpool.logs SET head = ${newHead}, bytes = ${bytes}
      WHERE store_id = ${storeId} AND head = ${head} RETURNING store_id
    ), inserted AS (
      INSERT INTO rockpool.events
      SELECT log.store_id, event.* FROM log, unnest(
        ${seqNums}::bigint[], ${names}::text[], ${args}::text[], ${clientIds}::text[], ${sessionIds}::text[],
        ${subs}::text[], ${times}::bigint[]
      ) AS event
    )
    SELECT pg_notify(${CHANNEL}, ${notice}) FROM log`
  if (stored.length === 0) throw new EventLogError('unavailable', 'The connection to Postgres broke. Try again.')
}
