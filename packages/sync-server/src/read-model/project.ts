/** Applies events of the log to the tables: by the clients' decoder and the clients' rules. */
import {
  applyEvent,
  decodeEvent,
  EVENT_NAMES,
  isDeeperThan,
  MAX_READABLE_ARGS_LEVELS,
  type PoolEvent,
  type PoolEventName,
  unpackMeta,
} from '@rockpool/core/records'
import type { StoredEvent } from '../event-log/event.ts'
import type { Sql } from '../event-log/sql.ts'
import { isStorageFailure, messageOf } from '../event-log/storage-failure.ts'
import { loadWorkingSet } from './working-set.ts'

interface Decoded {
  readonly origin: StoredEvent
  readonly event: PoolEvent
}

interface Failure {
  readonly origin: StoredEvent
  readonly error: unknown
}

const NAMES: ReadonlySet<string> = new Set(EVENT_NAMES)

/** The event as a client decodes it; undefined for events of the app, and for those that clients ignore. */
export const decodeStored = ({ name, argsJson }: StoredEvent): PoolEvent | undefined => {
  if (!NAMES.has(name) || argsJson === undefined) return undefined
  const args: unknown = JSON.parse(argsJson)
  // A level takes two characters, so that few texts need the look.
  const mayBeTooDeep = argsJson.length > 2 * MAX_READABLE_ARGS_LEVELS
  if (mayBeTooDeep && isDeeperThan(args, MAX_READABLE_ARGS_LEVELS)) return undefined
  return decodeEvent(name as PoolEventName, unpackMeta(args))
}

/**
 * Applies events in the order of the log. One that fails changes nothing and is recorded; those behind it are applied. Call
 * it in a transaction.
 *
 * @throws what the storage throws: then nothing can be stored at all
 */
export const project = (sql: Sql, events: readonly StoredEvent[]): void => {
  const decoded: Decoded[] = []
  const failures: Failure[] = []
  for (const origin of events) {
    const event = attempt(origin, failures, () => decodeStored(origin))
    if (event) decoded.push({ origin, event })
  }
  if (decoded.length > 0) projectDecoded(sql, decoded, failures)
  for (const { origin, error } of failures) {
    sql.run('INSERT INTO read_model_failures VALUES (?, ?, ?)', origin.seqNum, origin.name, messageOf(error))
  }
}

/** All together, which is fast; where the tables refuse a row, one by one. */
const projectDecoded = (sql: Sql, decoded: readonly Decoded[], failures: Failure[]): void => {
  const failed: Failure[] = []
  const works = attempt(decoded[0]!.origin, decoded.length === 1 ? failures : [], () =>
    sql.transaction(() => {
      const rows = loadWorkingSet(
        sql,
        decoded.map(({ event }) => event),
      )
      for (const { origin, event } of decoded) {
        attempt(origin, failed, () => rows.take(origin, event, applyEvent(rows, event)))
      }
      rows.store(sql)
      return true
    }),
  )
  if (works) failures.push(...failed)
  else if (decoded.length > 1) for (const each of decoded) projectDecoded(sql, [each], failures)
}

/** The result of `work`; undefined when the event cannot be applied, which is added to `failures`. */
const attempt = <A>(origin: StoredEvent, failures: Failure[], work: () => A): A | undefined => {
  try {
    return work()
  } catch (error) {
    if (isStorageFailure(error)) throw error
    failures.push({ origin, error })
    return undefined
  }
}
