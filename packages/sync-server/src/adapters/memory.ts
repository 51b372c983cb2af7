/** Event logs in memory, for tests and examples. They are gone when the process ends. */
import type { StoreId } from '@rockpool/protocol'
import { append, type EventStorage } from '../event-log/append.ts'
import { closedError, type EventLog, type Logs } from '../event-log/event-log.ts'
import { eventBytes, type StoredEvent } from '../event-log/event.ts'
import { takePage } from '../event-log/page.ts'

interface Stored {
  readonly backendId: string
  readonly events: StoredEvent[]
  /** bytes of the events as JSON */
  bytes: number
}

export const memoryLogs = (): Logs => {
  const stores = new Map<StoreId, Stored>()
  let isOpen = true
  return {
    open: async (storeId) => {
      if (!isOpen) throw closedError()
      const stored = stores.get(storeId) ?? { backendId: crypto.randomUUID(), events: [], bytes: 0 }
      stores.set(storeId, stored)
      return memoryLog(stored, () => isOpen)
    },
    storeIds: async () => [...stores.keys()],
    close: async () => void (isOpen = false),
  }
}

const memoryLog = (store: Stored, logsAreOpen: () => boolean): EventLog => {
  const { backendId, events } = store
  let isOpen = true
  const requireOpen = () => {
    if (!isOpen || !logsAreOpen()) throw closedError()
  }
  return {
    backendId,
    head: async () => {
      requireOpen()
      return events.length
    },
    append: async (parent, pushed, options) => {
      requireOpen()
      const storage: EventStorage = {
        head: events.length,
        usage: () => ({ events: events.length, bytes: store.bytes }),
        eventsAfter: (since, limit) => events.slice(since, since + limit),
        insert: (added) => {
          events.push(...added)
          for (const event of added) store.bytes += eventBytes(event)
        },
      }
      return append(storage, parent, pushed, options)
    },
    read: async (since, limits) => {
      requireOpen()
      return { head: events.length, ...takePage(events.slice(since, since + limits.limit), limits) }
    },
    close: async () => void (isOpen = false),
  }
}
