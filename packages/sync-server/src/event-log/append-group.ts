/** Several appends to a log in SQLite, in one transaction. */
import { applyBacklog } from '../read-model/catch-up.ts'
import { redactionCheck } from '../redact/audit.ts'
import { append, type EventStorage } from './append.ts'
import type { Append } from './waiting-appends.ts'
import type { AppendResult } from './event-log.ts'
import { encodeEvents, type StoredEvent } from './event.ts'
import { forget, type LogMemory } from './log-memory.ts'
import { insertEvents, readEvents } from './sql-events.ts'
import type { Sql } from './sql.ts'
import { isStorageFailure } from './storage-failure.ts'
import { type CountedUsage, keepUsage, readUsage } from './usage.ts'

/**
 * An append whose check throws stores nothing and fails alone. When the storage fails, all of them fail.
 *
 * @param memory gets the new events, and what the log holds then
 * @throws EventLogError when the storage fails: nothing is stored
 */
export const appendGroup = (
  sql: Sql,
  memory: LogMemory,
  appends: readonly Append[],
): readonly PromiseSettledResult<AppendResult>[] => {
  try {
    const { results, usage } = sql.transaction(() => {
      const { storage, close } = openStorage(sql, memory)
      const results = appends.map((each) => settle(sql, storage, each))
      return { results, usage: close() }
    })
    memory.usage = usage
    return results
  } catch (error) {
    // It has events that were rolled back.
    forget(memory)
    throw error
  }
}

/** In a savepoint, so that an event that a table refuses takes only its own push back. */
const settle = (
  sql: Sql,
  storage: EventStorage,
  { parent, events, options }: Append,
): PromiseSettledResult<AppendResult> => {
  try {
    return { status: 'fulfilled', value: sql.transaction(() => append(storage, parent, events, options)) }
  } catch (reason) {
    // SQLite may have rolled back the whole transaction.
    if (isStorageFailure(reason)) throw reason
    return { status: 'rejected', reason }
  }
}

/** The log as the appends of one transaction find it, each after those before it. `close` stores what they share. */
const openStorage = (
  sql: Sql,
  memory: LogMemory,
): { readonly storage: EventStorage; readonly close: () => CountedUsage } => {
  const { recent } = memory
  const before = memory.usage ?? readUsage(sql)
  let { events: head, bytes } = before

  const eventsAfter = (since: number, limit: number): readonly StoredEvent[] => {
    const inMemory = recent?.take(since, Math.min(limit, head - since))
    return inMemory ?? [...readEvents(sql, since, limit)]
  }
  const storage: EventStorage = {
    get head() {
      return head
    },
    usage: () => ({ events: head, bytes }),
    eventsAfter,
    isRedacted: redactionCheck(sql),
    insert: (events) => {
      insertEvents(sql, events)
      const encoded = encodeEvents(events)
      head += events.length
      // Without the commas between the events.
      bytes += encoded.json.byteLength - (events.length - 1)
      recent?.add(encoded)
    },
  }
  const close = () => {
    if (head === before.events) return before
    if (head >= (memory.nextBacklogCheck ?? 0)) memory.nextBacklogCheck = applyBacklog(sql, head)
    return keepUsage(sql, { events: head, bytes, counted: before.counted })
  }
  return { storage, close }
}
