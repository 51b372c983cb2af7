/** Applies events of the log to the tables: by the clients' decoder and the clients' rules. */
import {
  applyEvent,
  decodeRecordEvent,
  isDeeperThan,
  MAX_READABLE_ARGS_LEVELS,
  RECORD_EVENT_NAMES,
  type RecordEvent,
  type RecordEventName,
} from '@rockpool/core/records'
import type { StoredEvent } from '../event-log/event.ts'
import type { Sql } from '../event-log/sql.ts'
import { isStorageFailure, messageOf } from '../event-log/storage-failure.ts'
import { type Query, runQuery } from './query.ts'
import { storeRows } from './store-rows.ts'
import { type ChangedRows, loadWorkingSet } from './working-set.ts'

/** An event of the log, and what clients read in it. */
export interface Decoded {
  readonly origin: StoredEvent
  readonly event: RecordEvent
}

/** An event that cannot be applied. */
export interface Failure {
  readonly origin: Pick<StoredEvent, 'seqNum' | 'name'>
  readonly error: unknown
}

const NAMES: ReadonlySet<string> = new Set(RECORD_EVENT_NAMES)

/** The event as a client decodes it; undefined for events of the app, and for those that clients ignore. */
export const decodeStored = ({ name, argsJson }: StoredEvent): RecordEvent | undefined => {
  if (!NAMES.has(name) || argsJson === undefined) return undefined
  const args: unknown = JSON.parse(argsJson)
  // A level takes two characters, so that few texts need the look.
  const mayBeTooDeep = argsJson.length > 2 * MAX_READABLE_ARGS_LEVELS
  if (mayBeTooDeep && isDeeperThan(args, MAX_READABLE_ARGS_LEVELS)) return undefined
  return decodeRecordEvent(name as RecordEventName, args)
}

/** The events that clients read. */
export const decodeAll = (
  events: readonly StoredEvent[],
): { readonly decoded: readonly Decoded[]; readonly failures: readonly Failure[] } => {
  const decoded: Decoded[] = []
  const failures: Failure[] = []
  for (const origin of events) {
    try {
      const event = decodeStored(origin)
      if (event) decoded.push({ origin, event })
    } catch (error) {
      failures.push({ origin, error })
    }
  }
  return { decoded, failures }
}

/** What the events change, all together, which is fast. One that the rules cannot apply changes nothing. */
export function* applyAll(
  decoded: readonly Decoded[],
): Query<{ readonly rows: ChangedRows; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = []
  const rows = yield* loadWorkingSet(decoded.map(({ event }) => event))
  for (const { origin, event } of decoded) {
    try {
      rows.take(origin, event, applyEvent(rows, event))
    } catch (error) {
      failures.push({ origin, error })
    }
  }
  return { rows: rows.changes(), failures }
}

/**
 * Applies events in the order of the log. One that fails changes nothing and is recorded; those behind it are applied. Call
 * it in a transaction.
 *
 * @throws what the storage throws: then nothing can be stored at all
 */
export const project = (sql: Sql, events: readonly StoredEvent[]): void => {
  const { decoded, failures } = decodeAll(events)
  for (const { origin, error } of [...failures, ...projectDecoded(sql, decoded)]) {
    sql.run('INSERT INTO read_model_failures VALUES (?, ?, ?)', origin.seqNum, origin.name, messageOf(error))
  }
}

/** Where the tables refuse a row, the events are applied one by one. */
const projectDecoded = (sql: Sql, decoded: readonly Decoded[]): readonly Failure[] => {
  if (decoded.length === 0) return []
  try {
    return sql.transaction(() => {
      const { rows, failures } = runQuery(sql, applyAll(decoded))
      storeRows(sql, rows)
      return failures
    })
  } catch (error) {
    if (isStorageFailure(error)) throw error
    return decoded.length === 1
      ? [{ origin: decoded[0]!.origin, error }]
      : decoded.flatMap((each) => projectDecoded(sql, [each]))
  }
}
